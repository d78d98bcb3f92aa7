"""Imported once by the process that the workers of a triage are started from: what all need, in shared memory."""

from contextlib import suppress

from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.pipeline.languages import language_of
from webtune_tui.pipeline.private_data import finder
from webtune_tui.services import prepare_preload, triage_part

with suppress(ExtraMissing):  # nobody looks for languages then
    language_of(["A model is loaded by the first text."])
assert finder and prepare_preload and triage_part
