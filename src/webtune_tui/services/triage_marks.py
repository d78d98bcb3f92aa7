"""What a triage looked at, in a few characters: whether records, recipe or version changed since is then known."""

from __future__ import annotations

from hashlib import blake2b

from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.storage.database import Database
from webtune_tui.storage.live_records import RecordQueries


def records_mark(database: Database) -> str:
    """Stands for the records that are current."""
    count, newest = RecordQueries(database).extent()
    return f"{count}-{newest}"


def recipe_mark(recipe: Recipe) -> str:
    """Stands for everything that the recipe says but its edits and the border of its test split."""
    body = recipe.to_plain()
    body.pop("edits", None)
    body["split"].pop("frozen", None)
    return blake2b(repr(body).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
