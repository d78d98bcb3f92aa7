"""One record: its fields, its raw bytes, its page, and what was made of it; from here on to all of them."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import urlsplit

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, ContentSwitcher, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.origins import RecordSource
from webtune_tui.domain.records import Record
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui import jumps
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.collections import title_of
from webtune_tui.tui.presentation.origins import fields_lines, page_lines, raw_lines, use_rows
from webtune_tui.tui.widgets.styled_lines import StyledLines

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services
    from webtune_tui.tui.app import WebtuneApp

_VIEWS = (("f", "fields", "Fields"), ("r", "raw", "Raw bytes"), ("p", "page", "Page"), ("x", "uses", "Examples"))
_USES = "uses"


class RecordDetail(Dialog[None]):
    """Opens on the fields; keys change the view."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *[Binding(key, f"view('{view}')", title, show=False) for key, view, title in _VIEWS],
        Binding("c", "collection", "Collection", show=False),
        Binding("o", "open_url", "Open URL", show=False),
    ]
    DEFAULT_CSS = """
    RecordDetail > .dialog-box { width: 110; height: 94%; }
    RecordDetail .dialog-content { height: 1fr; max-height: 100%; overflow: hidden; }
    RecordDetail #record-views { height: 1; margin-bottom: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    RecordDetail ContentSwitcher { height: 1fr; }
    RecordDetail OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    RecordDetail StyledLines, RecordDetail OptionList { height: 1fr; background: $surface; border: none; padding: 0; }
    """

    def __init__(self, record: Record) -> None:
        super().__init__(title_of(record.fields))
        self.record = record
        self.source: RecordSource | None = None
        self._view = "fields"

    def compose_content(self) -> ComposeResult:
        yield Static("", id="record-views", markup=False)
        with ContentSwitcher(initial="record-text"):
            yield StyledLines(id="record-text")
            yield OptionList(id="record-uses", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Open URL (o)", id="record-open", compact=True, disabled=web_address(self.record.url) is None)
        yield Button("Collection (c)", id="record-collection", compact=True)
        yield Button("Close", id="record-close", variant="primary", compact=True)

    def on_mount(self) -> None:
        self._show_names()
        self._text.focus()
        self._show_text()
        self._load()

    # Views

    def action_view(self, view: str) -> None:
        """Shows another side of the record."""
        if view == "page" and (self.source is None or self.source.page is None):
            self.app.notify("No page of its own was kept for this record.")
            return
        self._view = view
        self._show_names()
        self.query_one(ContentSwitcher).current = "record-uses" if view == _USES else "record-text"
        if view == _USES:
            self.query_one(OptionList).focus()
            self._load_uses()
        else:
            self._text.focus()
            self._show_text()

    @work(group="record", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        """Finds the raw bytes; what was on screen before stays readable meanwhile."""
        try:
            self.source = await self._services.origins.at(self.record.collection_id, self.record.position)
        except NotFound as error:  # deleted since it was listed
            self.app.notify(error.message, severity="warning")
            return
        self._show_names()
        self._show_text(keep_place=True)

    def _show_text(self, *, keep_place: bool = False) -> None:
        record, source = self.record, self.source
        if self._view == "fields":
            self._text.show(lambda width: fields_lines(record, source, width), keep_place=keep_place)
        elif self._view == "raw" and source is not None:
            self._text.show(lambda width: raw_lines(source.raw, width), keep_place=keep_place)
        elif self._view == "page":
            self._load_page()

    @work(group="page", exclusive=True, exit_on_error=False)
    async def _load_page(self) -> None:
        if self.source is None or self.source.page is None:
            return
        page = await self._services.origins.page_text(self.source.page, encoding=self.source.raw.encoding)
        if self._view == "page":
            self._text.show(lambda width: page_lines(page, width))

    @work(group="uses", exclusive=True, exit_on_error=False)
    async def _load_uses(self) -> None:
        record_id = self.source.record.record_id if self.source is not None else self.record.record_id
        uses = await self._services.origins.examples_of(record_id)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(words, id=opens or None, disabled=not opens) for opens, words in use_rows(uses)])
        options.action_first()

    def _show_names(self) -> None:
        has_page = self.source is not None and self.source.page is not None
        parts: list[Content | str] = []
        for key, view, title in _VIEWS:
            if view == "page" and not has_page:
                continue
            style = "$primary bold reverse" if view == self._view else "$text-muted"
            parts += [Content.styled(f" {key} {title} ", style), " "]
        self.query_one("#record-views", Static).update(Content.assemble(*parts))

    # From here on

    @on(OptionList.OptionSelected)
    def _opened(self, event: OptionList.OptionSelected) -> None:
        kind, _, thing_id = (event.option_id or "").partition(" ")
        if kind == "example":
            jumps.to_example(self._webtune, thing_id)
        elif kind == "collection":
            jumps.to_collection(self._webtune, thing_id)
        elif kind == "record":
            self._open_version(int(thing_id))

    @work(group="version", exclusive=True, exit_on_error=False)
    async def _open_version(self, record_id: int) -> None:
        source = await self._services.origins.of_record(record_id, limit=0)
        await self.app.push_screen(RecordDetail(source.record))

    def action_collection(self) -> None:
        """Goes to the collection that brought it."""
        jumps.to_collection(self._webtune, self.record.collection_id)

    @work(group="open-url", exclusive=True, exit_on_error=False)
    async def action_open_url(self) -> None:
        """Opens the record's web address in a browser, after asking."""
        from webtune_tui.tui.modals.confirm import Confirm  # dialogues load when they are first needed

        address = web_address(self.record.url)
        if address is None:
            self.app.notify("This record has no web address that could be opened.")
            return
        question = (
            f"{address}\n\nThe address comes from the record. Your browser will visit {urlsplit(address).netloc}."
        )
        dialogue = Confirm("Open in the browser?", question, yes="Open it", no="Stay here")
        if not await self.app.push_screen_wait(dialogue):
            return
        if has_browser():
            await asyncio.to_thread(self.app.open_url, address)
        else:
            self.app.copy_to_clipboard(address)
            self.app.notify("There is no window system here; the address was copied where the terminal allows it.")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "record-open":
                self.action_open_url()
            case "record-collection":
                self.action_collection()
            case _:
                self.dismiss(None)

    @property
    def _text(self) -> StyledLines:
        return self.query_one("#record-text", StyledLines)

    @property
    def _webtune(self) -> WebtuneApp:
        return cast("WebtuneApp", self.app)

    @property
    def _services(self) -> Services:
        services = self._webtune.services
        assert services is not None, "records are shown once the workspace is open"
        return services


def web_address(url: str | None) -> str | None:
    """The address where it may be opened: http or https with a host, nothing invisible in it, no password."""
    if not url or display_line(url) != url or any(character.isspace() for character in url):
        return None
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return None
    return url if is_plain else None


def has_browser() -> bool:
    """Whether a browser with a window of its own can be started; one inside the terminal would destroy the screen."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
