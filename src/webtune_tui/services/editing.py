"""Editing many examples at once, the history of the edits, and how two versions differ.

An edit is an operation of ``pipeline.edit.operation_of`` on a ``Selection``. One call is one step of the history.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.edit_steps import Edited, EditPreview, EditResult, EditStep, ExampleChange, RestorePreview
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edits.base import Operation
from webtune_tui.services.editor import Editor
from webtune_tui.services.restoring import Restoring
from webtune_tui.services.stepwise import in_one_thread, in_thread, to_the_end
from webtune_tui.services.version_changes import changes_between
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

PREVIEW_SECONDS = 3.0


class EditingService:
    """Edits of the working version, each undoable and a step of the recipe."""

    def __init__(self, workspace: Workspace) -> None:
        self._editor = Editor(workspace)
        self._restoring = Restoring(self._editor, RecordQueries(workspace.database))

    async def run(
        self, operation: Operation, selection: Selection, *, stopped: threading.Event | None = None
    ) -> AsyncGenerator[Progressed | Edited, None]:
        """Applies an operation; ends with Edited. Left or cancelled before its end, it soon ends, with nothing changed.

        ``stopped`` ends it the same way; only when all is stored, it is too late for that.

        Raises:
            UsageError: the selection can't be read, or the operation is refused. NotFound: an id is not there.
            Stopped: ``stopped`` was set in time.
        """
        stopped = stopped or threading.Event()
        async with aclosing(in_thread(self._editor.run(operation, selection, stopped), stopped)) as events:
            async for event in events:
                yield event

    async def apply(self, operation: Operation, selection: Selection) -> EditResult:
        """Applies an operation and answers what it did; as :meth:`run`, for few examples."""
        async with aclosing(self.run(operation, selection)) as events:
            async for event in events:
                if isinstance(event, Edited):
                    return event.result
        raise AssertionError("an edit ends with its result")

    async def preview(
        self, operation: Operation, selection: Selection, *, samples: int = 5, seconds: float = PREVIEW_SECONDS
    ) -> EditPreview:
        """What an operation would do, looked at for so many seconds at most. Raises UsageError, NotFound."""
        return await to_the_end(lambda: self._editor.preview(operation, selection, samples, seconds))

    async def restore(
        self, where: str, *, stopped: threading.Event | None = None
    ) -> AsyncGenerator[Progressed | Edited, None]:
        """Brings back the dropped rows that meet a condition, as one step; ends with Edited. ``stopped`` as in `run`.

        The condition asks for ``reason``, ``step``, ``detail``, ``source`` and the fields of the records.

        Raises:
            UsageError: the condition can't be read, or asks for a field that no dropped row has.
        """
        async with aclosing(in_thread(self._restoring.run(where, stopped))) as events:
            async for event in events:
                yield event

    async def preview_restore(self, where: str, *, samples: int = 5) -> RestorePreview:
        """What a condition on dropped rows would bring back. Raises as :meth:`restore`."""
        return await to_the_end(lambda: self._restoring.preview(where, samples))

    async def count(self, selection: Selection) -> int:
        """How many examples a selection has. Raises UsageError, NotFound."""
        return await to_the_end(lambda: self._editor.count(selection))

    async def ids(self, selection: Selection, *, limit: int | None = None) -> Sequence[str]:
        """The ids of the selected examples in order."""
        return await to_the_end(lambda: self._editor.ids(selection, limit))

    async def changed_ids(self, result: EditResult) -> Sequence[str]:
        """The ids of all examples that an edit changed, however many."""
        return await asyncio.to_thread(self._editor.changed_ids, result)

    async def undo(self) -> EditResult:
        """Takes the last edit back. Raises UsageError when there is none."""
        return await to_the_end(self._editor.undo)

    async def redo(self) -> EditResult:
        """Applies the last undone edit again. Raises UsageError when there is none."""
        return await to_the_end(self._editor.redo)

    async def history(self) -> Sequence[EditStep]:
        """Every step in order, the undone ones last. Step 0, the start, is not among them."""
        return await asyncio.to_thread(self._editor.history)

    async def walk(self, number: int) -> AsyncGenerator[Progressed | Edited, None]:
        """Goes to the state after a step (0: before all), undoing or redoing one by one; ends with Edited.

        Left or cancelled before its end, it soon ends where it began: the walk is stored as a whole.

        Raises:
            UsageError: there is no such step.
        """

        def go(stopped: threading.Event, told: Callable[[Progressed | Edited], None]) -> Progressed | Edited:
            return Edited(self._editor.goto(number, stopped, told))

        async with aclosing(in_one_thread(go)) as events:
            async for event in events:
                yield event

    async def goto(self, number: int) -> EditResult:
        """As :meth:`walk`; answers what it did. Raises UsageError where there is no such step."""
        async with aclosing(self.walk(number)) as events:
            async for event in events:
                if isinstance(event, Edited):
                    return event.result
        raise AssertionError("a walk ends with its result")

    async def name_version(self, name: str, version: str | None = None) -> DatasetVersion:
        """Gives a version (the working one without) a name for good, which also fixes it.

        Raises:
            UsageError: it can't be a name, or is another version's. NotFound: there is no such version.
        """
        return await asyncio.to_thread(self._editor.name_version, name, version)

    async def changes(
        self, before: str, after: str, *, word_by_word: bool = True
    ) -> AsyncGenerator[ExampleChange, None]:
        """What differs between two versions: added, then removed, then edited examples, in their order.

        Raises:
            NotFound: there is no such version.
        """
        async with aclosing(in_thread(changes_between(self._editor, before, after, word_by_word))) as found:
            async for one in found:
                yield one
