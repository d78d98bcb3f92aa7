"""Clean texts: what a page's markup, encodings and hidden characters leave of them is what a person would read."""

from webtune_tui.pipeline.cleaning.cleaner import Cleaner as Cleaner
from webtune_tui.pipeline.cleaning.homoglyphs import has_homoglyphs as has_homoglyphs
from webtune_tui.pipeline.cleaning.markup import markup_to_text as markup_to_text
from webtune_tui.pipeline.cleaning.model_tokens import MODEL_TOKEN as MODEL_TOKEN
from webtune_tui.pipeline.cleaning.plain import are_plain as are_plain
from webtune_tui.pipeline.cleaning.whitespace import tidy_space as tidy_space
