"""Edits by hand: texts of an example, examples dropped, and each of them undone and done again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.example_checks import ExampleCheck, TokenLimits
from webtune_tui.domain.examples import Message
from webtune_tui.services.curate import EditResult
from webtune_tui.storage.drafts import EditDraft
from webtune_tui.tui.dataset.editing_outside import EditingOutside
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.dataset_summary import undone_words
from webtune_tui.tui.widgets.draft_offer import DraftOffer
from webtune_tui.tui.widgets.example_editor import ExampleEditor
from webtune_tui.tui.widgets.example_table import ExampleTable

EXAMPLE_KEYS = Content.from_markup(
    "  ".join(
        f"[@click=screen.{action}]{words}[/]"
        for action, words in (
            ("json", "R JSON"),
            ("copy", "y copy"),
            ("origin", "o origin"),
            ("alike", "c alike"),
            ("reshape", "m more"),
        )
    )
)
"""What the frame of the example offers, by key and by click."""


class Editing(DatasetPart):
    """One edit after the other, in the order in which they were asked for."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", tooltip="Edit the example in place"),
    ]
    EDITING = frozenset({"edit"})

    def __init__(self, screen: DatasetFrame, listing: Listing) -> None:
        super().__init__(screen)
        self._listing = listing
        self._outside = EditingOutside(screen)
        self._lock = asyncio.Lock()
        self._gone: frozenset[str] = frozenset()
        self._back: Callable[[], None] | None = None

    @heard(ExampleTable.Loaded)
    def _listed_anew(self) -> None:
        """The table shows what is there now."""
        self._gone = frozenset()

    # Drafts

    @heard(ExampleEditor.Typed)
    def _typed(self, event: ExampleEditor.Typed) -> None:
        """Keeps what was typed, or forgets it where all is as it was."""
        self._screen.queue(partial(self._write_draft, event.example_id, event.draft), "draft")

    async def _write_draft(self, example_id: str, draft: EditDraft | None) -> None:
        async with self._lock:
            example = self._screen.editor.example
            if example is None or example.example_id != example_id:
                return  # saved or discarded while the draft waited
            if draft is None:
                await asyncio.to_thread(self._screen.drafts.forget, example_id)
            else:
                await asyncio.to_thread(self._screen.drafts.keep, draft)

    # Texts of an example

    def action_edit(self) -> None:
        """Edits the example under the cursor."""
        screen = self._screen
        row = screen.table.current
        if row is not None and screen.view == "examples" and not screen.refuses_editing():
            self.edit(row.example_id)

    def edit(self, example_id: str, back: Callable[[], None] | None = None) -> None:
        """Edits an example in place; ``back`` leads to where the person came from when it ends."""
        self._back = back
        self._screen.queue(partial(self._edit_example, example_id), "editor")

    async def open(self, example_id: str) -> None:
        """Edits an example in place; raises ``NotFound`` where it is gone."""
        self._back = None
        await self._edit_example(example_id)

    async def _edit_example(self, example_id: str) -> None:
        screen = self._screen
        example = await screen.services.curate.example(example_id)
        draft = await asyncio.to_thread(screen.drafts.of, example_id)
        screen.show_view("examples")
        screen.add_class("-editing", "-side-open")
        screen.refresh_bindings()
        screen.query_one("#side").border_title = Content("Edit example")
        screen.query_one("#side").border_subtitle = Content("F2 role, weight, split in two, merge, copy, move")
        screen.hint("editing")
        screen.query_one(DraftOffer).offer(None)
        await screen.editor.open(example, draft)
        await self._outside.take_what_was_left(example_id, len(example.messages))

    # What is said while one types

    @heard(ExampleEditor.CheckWanted)
    def _check_wanted(self, event: ExampleEditor.CheckWanted) -> None:
        """Counts and checks what is typed; a newer text takes the place of one that waits."""
        self._screen.launch(partial(self._check, event.example_id, event.messages), "example-check")

    async def _check(self, example_id: str, messages: Sequence[Message]) -> None:
        screen, examples = self._screen, self._screen.services.examples
        try:
            limits = await examples.limits()
            found = await examples.check(messages, limits)
        except WebtuneError as error:  # such as a tokenizer that is not installed: editing goes on without
            limits, found = TokenLimits(), ExampleCheck((), 0, error.message)
        example = screen.editor.example
        if found is not None and example is not None and example.example_id == example_id:
            screen.editor.show_check(found, limits)

    @heard(ExampleEditor.OutsideWanted)
    def _outside_wanted(self, event: ExampleEditor.OutsideWanted) -> None:
        """Opens the texts in the person's own editor; what comes back stands in the fields and is saved from there."""
        self._screen.queue(partial(self._outside.edit, event.example_id, event.messages), "outside")

    @heard(ExampleEditor.Saved)
    def _saved(self, event: ExampleEditor.Saved) -> None:
        """Writes what was typed as a step of the recipe."""
        self._screen.queue(partial(self._write_edit, event.example_id, event.changes), "edit")

    async def _write_edit(self, example_id: str, changes: Mapping[str, str]) -> None:
        async with self._lock:
            if not changes:
                await self._close_editor(example_id)
                self._screen.say("Nothing was changed")
                return
            result = await self._screen.services.curate.edit(example_id, changes)
            await self._close_editor(example_id)
            await self._take(result, f"Saved: {figures.count(len(changes), 'message')} changed  ·  z undoes it")

    def reshape(self, example_id: str, apply: Callable[[], Awaitable[EditResult]]) -> None:
        """Applies a step to an example, after what was typed into it is saved; an open edit goes on with the result."""
        self._screen.queue(partial(self._reshape, example_id, apply), "edit")

    async def _reshape(self, example_id: str, apply: Callable[[], Awaitable[EditResult]]) -> None:
        screen = self._screen
        async with self._lock:
            is_open = screen.editor.is_open_on(example_id)
            if is_open and (changes := screen.editor.changes):
                await screen.services.curate.edit(example_id, changes)
                await asyncio.to_thread(screen.drafts.forget, example_id)
            result = await apply()
            await self._take(result, f"{result.words or 'Changed'}  ·  z undoes it")
        if is_open:
            await screen.editor.close()
            await self._edit_example(example_id)
            screen.say(f"{result.words or 'Changed'}  ·  z undoes it after the edit", "-good")

    def step_back(self) -> bool:
        """Leaves an edit; asks where something is not saved."""
        if not self._screen.is_editing:
            return False
        self._screen.editor.action_leave()
        return True

    @heard(ExampleEditor.Left)
    def _left(self, event: ExampleEditor.Left) -> None:
        self._screen.queue(partial(self._leave, event.example_id, event.is_changed), "editor")

    async def _leave(self, example_id: str, is_changed: bool) -> None:
        screen = self._screen
        if is_changed and not await screen.confirm(
            "Discard the changes?",
            "What you typed is not saved yet. Ctrl+s saves it as a step of the recipe.",
            yes="Discard",
            no="Go on editing",
            danger=True,
        ):
            return
        async with self._lock:
            await self._close_editor(example_id)
        if is_changed:
            screen.say("Discarded what was typed")
        else:
            screen.hint(screen.view)

    async def _close_editor(self, example_id: str) -> None:
        """Closes the fields, then forgets the draft: one that can't be removed is told, and holds nobody here."""
        screen = self._screen
        await screen.editor.close()
        screen.remove_class("-editing")
        screen.refresh_bindings()
        screen.query_one("#side").border_title = Content("Example")
        screen.query_one("#side").border_subtitle = EXAMPLE_KEYS
        back, self._back = self._back, None
        if back is not None:
            screen.remove_class("-side-open")
            back()
        else:
            (screen.detail if screen.is_side_alone else screen.table).focus()
        await asyncio.to_thread(screen.drafts.forget, example_id)

    # Dropping, undoing

    def drop(self, chosen: tuple[str, ...], then: Callable[[], None] | None = None) -> None:
        """Drops examples; with ``then``, which is called afterwards, these and no others."""
        self._screen.queue(partial(self._drop, chosen, then), "edit")

    async def _drop(self, chosen: tuple[str, ...], then: Callable[[], None] | None) -> None:
        async with self._lock:
            table = self._screen.table
            ids = tuple(one for one in chosen if one not in self._gone)
            if then is None:
                ids = ids or table.chosen
            if not ids:
                return
            result = await self._screen.services.curate.drop(ids)
            self._gone |= frozenset(ids)
            table.clear_marks()
            await self._take(result, f"Dropped {figures.count(len(ids), 'example')}  ·  z undoes it")
            if then is not None:
                then()

    async def bring_back(self, example_ids: Sequence[str]) -> EditResult:
        """Wants dropped examples back; those that went by hand are back at once."""
        async with self._lock:
            result = await self._screen.services.curate.restore(example_ids)
            await self._take(result, "Wanted back  ·  z undoes it")
        return result

    def step_back_or_on(self, *, again: bool, then: Callable[[], None] | None = None) -> None:
        """Takes the last edit back, or applies the last undone one again; ``then`` is called afterwards."""
        self._screen.queue(partial(self._step_back_or_on, again, then), "edit")

    async def _step_back_or_on(self, again: bool, then: Callable[[], None] | None) -> None:
        async with self._lock:
            before = self._screen.version
            curate = self._screen.services.curate
            result = await (curate.redo() if again else curate.undo())
            words = undone_words(before, result, again=again)
            await self._take(result, words if again else f"{words}  ·  Z redoes it")
            table = self._screen.table
            if result.changed and (place := table.find(result.changed[0])) is not None:
                table.cursor = place
            if then is not None:
                then()

    async def done(self, result: EditResult, words: str) -> None:
        """Shows the working version after an edit that was made elsewhere."""
        async with self._lock:
            await self._take(result, words)

    async def _take(self, result: EditResult, words: str) -> None:
        """Shows the working version after an edit."""
        screen = self._screen
        screen.version = result.version
        screen.report = await screen.services.curate.report()
        screen.show_version()
        screen.say(words, "-good")
        await self._listing.reload()
        screen.refresh_overview()
