"""Imported once by the process that those that look at messages are started from: the model, in shared memory."""

from contextlib import suppress

from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.pipeline.languages import language_of
from webtune_tui.services import body_facts_run

with suppress(ExtraMissing):  # nobody looks for languages then
    language_of(["A model is loaded by the first text."])
assert body_facts_run
