"""The examples of a version that a selection means. Blocking; nothing but their row numbers is kept."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from webtune_tui.domain.conditions import Condition
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_fields import TEXTS, example_condition, example_fields, fields_asked
from webtune_tui.domain.selections import Selection
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore

_EACH_ITS_OWN = frozenset(("index", "id", "group", *TEXTS))
_MOST_VERDICTS = 100_000


@dataclass(slots=True)
class Picked:
    """The rows of the selected examples: of ids in the order of the ids, else in the order of the version."""

    rows: array[int] = field(default_factory=lambda: array("q"))
    missing: tuple[str, ...] = ()


def picked(store: DatasetStore, revision: Revision, selection: Selection) -> Generator[Progressed, None, Picked]:
    """Looks the examples up, or asks every one whether it meets the condition.

    Raises:
        UsageError: the condition can't be read.
    """
    if selection.ids:
        found = store.rows_of_ids(revision, selection.ids)
        rows = array("q", (found[one].row_id for one in selection.ids if one in found))
        return Picked(rows, tuple(one for one in selection.ids if one not in found))
    condition = None if selection.is_all else example_condition(selection.where)
    asked = sorted(fields_asked(condition)) if condition else []
    meets = _verdicts(condition, asked) if condition else None
    columns = [name for name in asked if name not in TEXTS and name != "edited"]
    columns += ["flags"] if "edited" in asked and "flags" not in asked else []
    columns += ["messages"] if set(asked) & set(TEXTS) else []
    result, looked, total = Picked(), 0, revision.totals.content.count
    for portion in store.scan(revision, columns):
        if meets is None:
            result.rows.extend(row[0] for row in portion)
        else:
            result.rows.extend(row[0] for row in portion if meets(row[1:], columns))
        looked += len(portion)
        yield Progressed("selecting", looked, total, "examples")
    return result


def _verdicts(condition: Condition, asked: list[str]) -> Callable[[tuple[Any, ...], list[str]], bool]:
    """Asks the condition; once for all rows with the same values, where rows share values."""
    if not _EACH_ITS_OWN.isdisjoint(asked):
        return lambda values, columns: condition.matches(example_fields(dict(zip(columns, values, strict=True))))
    known: dict[tuple[Any, ...], bool] = {}

    def meets(values: tuple[Any, ...], columns: list[str]) -> bool:
        verdict = known.get(values)
        if verdict is None:
            if len(known) >= _MOST_VERDICTS:
                known.clear()
            fields = example_fields(dict(zip(columns, values, strict=True)))
            verdict = known[values] = condition.matches(fields)
        return verdict

    return meets
