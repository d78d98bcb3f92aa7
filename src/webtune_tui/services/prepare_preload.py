"""Imported once by the process that the workers of a run are started from: what all of them need, in shared memory."""

from webtune_tui.pipeline.recipe import builders, default_recipe
from webtune_tui.pipeline.run import draft_steps
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services import prepare_part

_COUNTER = BundledCounter()
_COUNTER.count([""])
draft_steps(default_recipe(), _COUNTER)
builders()
assert prepare_part
