"""The screen Credentials: which services have a key, where it comes from, and whether it works."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.theme import Theme
from textual.widgets import DataTable, Static

from webtune_tui.domain.credentials import KeySource, KeyState
from webtune_tui.domain.errors import CredentialMissing, KeyringUnavailable, TryLater
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui import error_display
from webtune_tui.tui.presentation.keys import key_look, keyring_trouble, purpose, source_words
from webtune_tui.tui.screens.base import StageScreen

_COLUMNS = ("Service", "State", "From", "Key", "Host")
_NONE_NEEDED = (
    "The demo, your own files and training on this machine need no account. A key is only for services you choose."
)
_WHERE_KEPT = "Keys are kept in the keyring of this system, each bound to one host; never in a file or a log."


class CredentialsScreen(StageScreen):
    """A table of services; the panel below explains the one under the cursor."""

    TITLE = "Credentials"
    KEY = "1"
    ORDER = 1
    HELP = (
        "Services that collect records or train models elsewhere ask for a key. An environment variable wins, "
        "then the keyring of this system, then a key kept for this session only. Checking a key spends nothing. "
        f"{_NONE_NEEDED}"
    )
    CSS_PATH = "credentials.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "set_key", "Set", tooltip="Set the key of the service under the cursor"),
        Binding("c", "check_key", "Check", tooltip="Ask the service whether it takes the key"),
        Binding("C", "check_all", "Check all", tooltip="Check every key there is"),
        Binding("x", "delete_key", "Delete", tooltip="Delete a kept key; asks first"),
    ]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._keys: dict[str, KeyState] = {}
        self._checking: set[str] = set()

    def compose_body(self) -> ComposeResult:
        yield Static(_NONE_NEEDED, id="credentials-intro", classes="muted", markup=False)
        table: DataTable[Text] = DataTable(
            id="credentials-table", classes="panel", cursor_type="row", zebra_stripes=False, cell_padding=1
        )
        table.border_title = "Services"
        yield table
        yield Static("", id="credentials-detail", classes="panel", markup=False)

    def on_mount(self) -> None:
        self.table.add_columns(*((Text(name), name) for name in _COLUMNS))
        self.app.theme_changed_signal.subscribe(self, self._recolour)
        self._show_detail()
        self.table.focus()

    @property
    def table(self) -> DataTable[Text]:
        """The table of services."""
        return self.query_one("#credentials-table", DataTable)

    def focus_home(self) -> None:
        self.table.focus()

    async def shown(self) -> None:
        """Reads anew where each key comes from; what was checked stays known for the same key."""
        for state in await self.services.accounts.states():
            before = self._keys.get(state.name)
            is_same = before and (before.source, before.last4) == (state.source, state.last4)
            self._keys[state.name] = before if before and is_same and before.valid is not None else state
        self._fill()

    # Actions

    @on(DataTable.RowSelected)
    def open_row(self) -> None:
        """Enter on a service sets its key."""
        self.action_set_key()

    @work(group="key", exit_on_error=False)
    async def action_set_key(self) -> None:
        """Asks for the key and keeps it."""
        from webtune_tui.tui.modals.set_key import SetKey  # dialogues load when they are first needed

        key = self._current()
        if key is None:
            return
        answer = await self.webtune.push_screen_wait(SetKey(key, keyring_trouble=keyring_trouble(self._keys.values())))
        if answer is None:
            return
        session_only = answer.session_only
        try:
            state = await self.services.accounts.store(key.name, answer.secret, session_only=session_only)
        except KeyringUnavailable as error:
            if not await self.confirm("The keyring can't keep it", error_display.words(error), yes="Only this session"):
                return
            state = await self.services.accounts.store(key.name, answer.secret, session_only=True)
        self._put(state)
        self.notify(f"Kept the key for {state.title}. {state.detail}")

    @work(group="check", exit_on_error=False)
    async def action_check_key(self) -> None:
        """Checks the key under the cursor."""
        key = self._current()
        if key is not None:
            await self._check(key)

    @work(group="check", exit_on_error=False)
    async def action_check_all(self) -> None:
        """Checks every key there is, one after the other."""
        known = [key for key in self._keys.values() if key.source is not KeySource.NONE]
        if not known:
            self.notify("There is no key to check yet.")
        for key in known:
            try:
                await self._check(key)
            except TryLater as error:
                error_display.show(self.webtune, error)

    @work(group="key", exit_on_error=False)
    async def action_delete_key(self) -> None:
        """Deletes a kept key after asking."""
        key = self._current()
        if key is None or key.source is KeySource.NONE:
            self.notify("There is no key to delete.")
            return
        if key.source is KeySource.ENVIRONMENT:
            self.notify(f"This key comes from {key.variable}; unset the variable to be rid of it.")
            return
        question = (
            f"The key for {key.title} ({key.host}) is removed from {source_words(key)}. The service still has it."
        )
        if await self.confirm("Delete the key?", question, yes="Delete", danger=True):
            await self.services.accounts.delete(key.name)
            self._keys.pop(key.name, None)
            await self.shown()

    # Drawing

    @on(DataTable.RowHighlighted)
    def _show_detail(self) -> None:
        panel = self.query_one("#credentials-detail", Static)
        key = self._current()
        if key is None:
            panel.border_title = "Key"
            panel.update(Content.styled("Reading where keys come from …", "$text-muted"))
            return
        panel.border_title = Content(display_line(key.title, limit=40))
        panel.update(_detail(key, keyring_trouble(self._keys.values())))

    async def _check(self, key: KeyState) -> None:
        if key.source is KeySource.NONE:
            raise CredentialMissing(f"There is no key for {key.title} yet", hint="Set it with the key s.")
        self._checking.add(key.name)
        self._fill()
        try:
            state = await self.services.accounts.check(key.name)
        finally:
            self._checking.discard(key.name)
            self._fill()
        self._put(state)

    def _put(self, state: KeyState) -> None:
        self._keys[state.name] = state
        self._fill()

    def _current(self) -> KeyState | None:
        row = self.table.cursor_row
        keys = list(self._keys.values())
        return keys[row] if 0 <= row < len(keys) else None

    def _recolour(self, _: Theme) -> None:
        self._fill()

    def _fill(self) -> None:
        table = self.table
        row = table.cursor_row
        table.clear()
        for key in self._keys.values():
            table.add_row(*self._cells(key), key=key.name)
        table.move_cursor(row=row)
        self._show_detail()

    def _cells(self, key: KeyState) -> tuple[Text, ...]:
        look = key_look(key)
        colour = self.colour(look.colour.removeprefix("$"))
        muted = self.colour("text-muted")
        word = "checking …" if key.name in self._checking else look.word
        return (
            Text(display_line(key.title, limit=30)),
            Text(f"{look.symbol} {word}", style=colour),
            Text(source_words(key), style=muted),
            Text(f"…{display_line(key.last4)}" if key.last4 else "", style=muted),
            Text(display_line(key.host, limit=60), style=muted),
        )


def _detail(key: KeyState, trouble: str) -> Content:
    look = key_look(key)
    lines = [Content(purpose(key.name)), Content("")]
    facts = [
        ("State", look.content()),
        (
            "Key",
            Content(
                f"…{display_line(key.last4)} from {source_words(key)}" if key.last4 else source_words(key) or "none"
            ),
        ),
        ("Sent to", Content(display_line(key.host, limit=120) or "nobody yet: its address is not set")),
        ("Variable", Content(display_line(key.variable))),
    ]
    lines += [Content.assemble((f"{name:<10}", "$text-muted"), value) for name, value in facts]
    if key.detail and key.detail != trouble:
        lines += [Content(""), Content.styled(display(key.detail, limit=600), "$warning")]
    if key.source is KeySource.NONE:
        lines += [Content(""), Content.assemble((" s ", "bold $accent on $panel"), " sets the key")]
    lines += [Content("")]
    if trouble:
        lines.append(
            Content.styled(f"{display(trouble, limit=300)}. A key can still be kept for this session.", "$warning")
        )
    else:
        lines.append(Content.styled(_WHERE_KEPT, "$text-muted"))
    return Content("\n").join(lines)


SCREEN = CredentialsScreen
