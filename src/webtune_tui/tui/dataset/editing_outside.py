"""The texts of an example in the person's own editor: given away as a file, and taken back whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from webtune_tui.domain.errors import InvalidInput, UsageError, WorkFailed
from webtune_tui.domain.example_text import from_text, to_text
from webtune_tui.domain.examples import Message, encode_messages
from webtune_tui.storage.drafts import EditDraft
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.outside_editor import edit_outside


class EditingOutside:
    """What comes back stands in the fields of the open example, and is saved from there."""

    def __init__(self, screen: DatasetFrame) -> None:
        self._screen = screen

    async def edit(self, example_id: str, messages: Sequence[Message]) -> None:
        """Opens the texts and waits for the editor. Nothing is removed before what it held is a draft."""
        drafts, editor = self._screen.drafts, self._screen.editor
        base = encode_messages(editor.example.messages if editor.example is not None else messages)
        before = [one.content for one in messages]
        # kept first, so that the edit is offered if the app is killed while the editor is open
        await asyncio.to_thread(drafts.keep, EditDraft(example_id, base, dict(enumerate(before))))
        path = await asyncio.to_thread(drafts.write_outside, example_id, to_text(messages))
        texts: Sequence[str] = before
        try:
            texts = await self._edited(path, len(messages)) or before
        except (UsageError, WorkFailed):
            await asyncio.to_thread(drafts.forget_outside, path)
            raise
        finally:
            if is_taken := editor.is_open_on(example_id):
                editor.put_in(texts)
        if texts != before and is_taken is editor.is_open_on(example_id):  # else it was saved or left just now
            await asyncio.to_thread(drafts.keep, EditDraft(example_id, base, dict(enumerate(texts))))
        await asyncio.to_thread(drafts.forget_outside, path)

    async def take_what_was_left(self, example_id: str, count: int) -> None:
        """Takes up what the editor saved after the app was killed; the example is open."""
        drafts = self._screen.drafts
        path = await asyncio.to_thread(drafts.left_outside, example_id)
        if path is None:
            return
        try:
            texts = await asyncio.to_thread(lambda: from_text(drafts.read_outside(path), count))
        except InvalidInput as error:
            self._screen.say(f"{path} was left by your editor and can't be read: {error.message}", "-care")
            return
        self._screen.editor.put_in(texts)
        await asyncio.to_thread(drafts.forget_outside, path)
        self._screen.say("What your own editor left when webtune ended is back; ctrl+s keeps it", "-care")

    async def _edited(self, path: Path, count: int) -> Sequence[str]:
        """The texts of the messages as the editor left them; none where the person gives them up."""
        screen = self._screen
        while True:
            await edit_outside(screen.webtune, path)
            try:
                text = await asyncio.to_thread(screen.drafts.read_outside, path)
                return await asyncio.to_thread(from_text, text, count)
            except InvalidInput as error:
                question = f"{error_display.words(error)}\n\nThe file is {path}"
            if not await screen.confirm("This can't be read back", question, yes="Open it again", no="Discard"):
                return ()
