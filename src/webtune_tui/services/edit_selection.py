"""The examples of a version that a selection means. Blocking; nothing but their row numbers is kept."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Generator
from dataclasses import dataclass, field

from webtune_tui.domain.errors import Stopped
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_fields import condition_on_examples
from webtune_tui.domain.selections import Selection
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_scans import ExampleScans, Wanted


@dataclass(slots=True)
class Picked:
    """The rows of the selected examples: of ids in the order of the ids, else in the order of the version."""

    rows: array[int] = field(default_factory=lambda: array("q"))
    missing: tuple[str, ...] = ()


def picked(
    store: DatasetStore,
    scans: ExampleScans,
    revision: Revision,
    selection: Selection,
    stopped: threading.Event | None = None,
) -> Generator[Progressed, None, Picked]:
    """Looks the examples up, or asks every one whether it meets the condition.

    Raises:
        UsageError: the condition can't be read. Stopped: ``stopped`` was set meanwhile.
    """
    if selection.ids:
        found = store.rows_of_ids(revision, selection.ids)
        rows = array("q", (found[one].row_id for one in selection.ids if one in found))
        return Picked(rows, tuple(one for one in selection.ids if one not in found))
    condition = None if selection.is_all else condition_on_examples(selection.where)
    wanted, result, stopped = Wanted(revision, condition), Picked(), stopped or threading.Event()
    for piece in scans.row_ids(wanted, scans.where(wanted), stopped):
        result.rows.extend(piece)
        yield Progressed("selecting", len(result.rows), None, "examples")
    if stopped.is_set():
        raise Stopped
    return result
