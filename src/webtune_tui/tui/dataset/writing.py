"""Files of the examples: written in the form that is chosen, and any file checked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.selections import Selection
from webtune_tui.services.export import Exported, forms
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.dataset_summary import export_words


class Writing(DatasetPart):
    """Does what ``x`` and ``v`` ask for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "export", "Export", tooltip="Write the examples as files, in a form of your choice"),
        Binding("v", "check", "Check file", show=False, tooltip="Check any file for provider and base, and mend it"),
    ]
    EDITING = frozenset({"export"})

    def __init__(self, screen: DatasetFrame) -> None:
        super().__init__(screen)
        self._newest: Path | None = None

    def offers(self, action: str) -> bool:
        """The export where the table is in front, the check anywhere."""
        return super().offers(action) and (action != "export" or self._screen.view == "examples")

    def action_export(self) -> None:
        """Asks for the form, writes one file per split and says where."""
        if self._screen.version is None:
            self._screen.say("There is nothing to export yet")
        elif not self._screen.refuses_editing():
            self._screen.launch(self._export, "export")

    async def export_selection(self, selection: Selection, count: int) -> None:
        """Asks for the form and writes exactly the selected examples, in a folder of their own; inside a worker."""
        await self._export(selection, f"Export {figures.count(count, 'example')}: in which form?")

    async def _export(self, selection: Selection | None = None, title: str = "") -> None:
        from webtune_tui.tui.modals.message import Message  # dialogues load when they are first needed
        from webtune_tui.tui.modals.pick_format import PickFormat

        screen = self._screen
        dialogue = PickFormat(forms())
        dialogue.dialog_title = title or dialogue.dialog_title
        chosen = await screen.webtune.push_screen_wait(dialogue)
        if chosen is None:
            return
        only = None if selection is None else await screen.services.editing.ids(selection)
        done = await self._written(chosen, only)
        written = {split: path for split, path in done.paths.items() if only is None or done.examples.get(split)}
        self._newest = next(iter(written.values()), None)
        paths = [(split, str(path), done.examples.get(split, 0)) for split, path in written.items()]
        screen.say(f"Exported {figures.count(sum(done.examples.values()), 'example')}  ·  v checks a file", "-good")
        left_out = "\n".join(
            f"{figures.count(count, 'example')} left out: {why.replace('_', ' ')}"
            for why, count in done.left_out.items()
        )
        await screen.app.push_screen(
            Message(f"Exported in the {done.format} form", export_words(paths), hint=left_out or "v checks a file.")
        )

    async def _written(self, form: str, only: Sequence[str] | None = None) -> Exported:
        pace = Pace()
        self._screen.say("Exporting …")
        async with aclosing(self._events(form, only)) as events:
            async for event in events:
                if isinstance(event, Exported):
                    return event
                self._screen.say(_progress(event, pace))
        raise AssertionError("an export ends with its files")

    def _events(self, form: str, only: Sequence[str] | None) -> AsyncGenerator[Progressed | Exported]:
        export = self._screen.services.export
        return export.exporting(format=form) if only is None else export.exporting(format=form, only=only)

    def action_check(self) -> None:
        """Checks a file for provider and base; offers the newest export to begin with."""
        if self._screen.are_services_open and not self._screen.is_editing:
            self._screen.launch(self._check, "check")

    async def _check(self) -> None:
        from webtune_tui.tui.modals.check_file import CheckFile

        await self._screen.app.push_screen(CheckFile(self._screen.services.export, self._newest))


def _progress(event: Progressed, pace: Pace) -> str:
    words = pace.words(event.stage, event.done, event.total, event.unit)
    told = f"Exporting: {figures.share(event.done, event.total or 0)}  {event.done:,} {event.unit}"
    return f"{told}, {words}" if words else told
