"""The form of a new collection: what to collect, what it costs at most, what is sent, and a confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, HorizontalGroup, VerticalGroup, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Select, Static

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.collect import CollectPlan, CollectService
from webtune_tui.settings import Settings
from webtune_tui.sources.base import Scraper, ScraperDoor, ScraperInput
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.modals.pick_scraper import PickScraper
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import sandbox_label
from webtune_tui.tui.presentation.glyphs import GLYPHS

_FIRST_SCRAPER, _FIRST_DOOR = "gd_l7q7dkf244hwjntr0", "best_sellers_url"
_PAUSE_SECONDS = 0.15
_UNLISTED = ScraperDoor(None, (ScraperInput("url", True, "url", ""),))


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands in the fields."""

    scraper_id: str
    discover_by: str | None
    inputs: Mapping[str, str]
    limit_per_input: int | None
    max_records: int | None


class NewCollection(Dialog[CollectPlan]):
    """Answers a plan that the person saw, priced, and confirmed. Any change of the form voids the confirmation."""

    BINDINGS = [("ctrl+s", "confirm_or_start", "Confirm, then start")]  # noqa: RUF012 - Textual's own form
    DEFAULT_CSS = """
    NewCollection > .dialog-box { width: 130; height: 94%; padding: 0 1; }
    NewCollection #form-columns { height: 1fr; }
    NewCollection #form-fields { width: 1fr; height: 1fr; padding: 1 1 0 1; }
    NewCollection #form-wire { width: 1fr; height: 1fr; padding: 1 1 0 2; border-left: solid $border-blurred; }
    NewCollection .field { height: 1; margin-bottom: 1; }
    NewCollection .field-label { width: 25; padding-right: 1; color: $text-muted; text-wrap: nowrap; }
    NewCollection Input { width: 1fr; background: $panel; padding: 0 1; }
    NewCollection Input:focus { background: $block-cursor-blurred-background; }
    NewCollection Select { width: 1fr; }
    NewCollection Select > SelectCurrent { background: $panel; }
    NewCollection Select:focus > SelectCurrent { background: $block-cursor-blurred-background; }
    NewCollection #form-scraper { width: 1fr; text-align: left; content-align: left middle; padding: 0 1; }
    NewCollection .form-group { height: auto; }
    NewCollection .form-section { color: $primary; text-style: bold; margin-bottom: 1; }
    NewCollection .wire-heading { color: $primary; text-style: bold; }
    NewCollection .wire-text { margin-bottom: 1; }
    NewCollection #form-price { height: auto; min-height: 3; padding: 0 1; border-top: solid $border-blurred; }
    NewCollection .dialog-buttons { margin-top: 0; }
    NewCollection.-narrow #form-columns { layout: vertical; overflow-y: auto; }
    NewCollection.-narrow #form-fields { height: auto; }
    NewCollection.-narrow #form-wire { height: auto; border-left: none; padding: 1 1 0 1; }
    NewCollection.-short .field, NewCollection.-short .form-section { margin-bottom: 0; }
    NewCollection.-short #form-fields { padding-top: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-regular")]  # noqa: RUF012 - Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - Textual's own form

    def __init__(self, collect: CollectService, settings: Settings) -> None:
        super().__init__("New collection")
        self._collect = collect
        self._settings = settings
        self._scraper: Scraper | None = None
        self._door: ScraperDoor = _UNLISTED
        self._plan: CollectPlan | None = None
        self._planned_form: _Form | None = None
        self._is_confirmed = False

    def compose(self) -> ComposeResult:
        with VerticalGroup(classes="dialog-box") as box:
            box.border_title = " New collection "
            with Horizontal(id="form-columns"):
                with VerticalScroll(id="form-fields", can_focus=False):
                    yield from self._compose_fields()
                with VerticalScroll(id="form-wire", can_focus=True):
                    yield from self._compose_wire()
            yield Static("", id="form-price", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="form-cancel")
                yield Button("Confirm", id="form-confirm", disabled=True)
                yield Button("Start", id="form-start", variant="primary", disabled=True)

    def _compose_fields(self) -> ComposeResult:
        with HorizontalGroup(classes="field"):
            yield Static("Scraper", classes="field-label", markup=False)
            yield Button("", id="form-scraper", compact=True)
        with HorizontalGroup(classes="field"):
            yield Static("Find by", classes="field-label", markup=False)
            yield Select[str]([], id="form-door", compact=True, allow_blank=True, prompt="")
        yield Static("Inputs", classes="form-section", markup=False)
        yield VerticalGroup(id="form-inputs", classes="form-group")
        yield Static("Limits", classes="form-section", markup=False)
        with HorizontalGroup(classes="field", id="form-limit-row"):
            yield Static("Records per input", classes="field-label", markup=False)
            yield Input(str(self._settings.limit_per_input), id="form-limit", compact=True, type="integer")
        with HorizontalGroup(classes="field"):
            yield Static("Most records", classes="field-label", markup=False)
            yield Input(str(self._settings.max_records), id="form-most", compact=True, type="integer")

    def _compose_wire(self) -> ComposeResult:
        for name, heading in (("query", "Query that is sent"), ("body", "Body"), ("command", "The same as a command")):
            yield Static(heading, classes="wire-heading", markup=False)
            yield Static("", id=f"wire-{name}", classes="wire-text", markup=False)

    async def on_mount(self) -> None:
        found = await self._collect.scrapers(_FIRST_SCRAPER)
        every = found or await self._collect.scrapers()
        if every:
            await self._take_scraper(every[0], _FIRST_DOOR)
        inputs = list(self.query("#form-inputs Input"))
        (inputs[0] if inputs else self.query_one("#form-scraper")).focus()

    # The form follows the scraper and its door

    @on(Button.Pressed, "#form-scraper")
    @work(group="pick", exit_on_error=False)
    async def pick_scraper(self) -> None:
        """Opens the search over all scrapers."""
        chosen = await self.app.push_screen_wait(PickScraper(self._collect.scrapers))
        if chosen is not None:
            await self._take_scraper(chosen)

    @on(Select.Changed, "#form-door")
    async def door_changed(self, event: Select.Changed) -> None:
        """Shows the fields of the chosen door."""
        if self._scraper is None or event.value is Select.NULL or not self._scraper.doors:
            return
        door = self._scraper.doors[int(str(event.value))]
        if door is not self._door:
            await self._take_door(door)

    async def _take_scraper(self, scraper: Scraper, discover_by: str | None = None) -> None:
        self._scraper = scraper
        doors = scraper.doors or (_UNLISTED,)
        wanted = [place for place, door in enumerate(doors) if door.discover_by == discover_by]
        place = wanted[0] if wanted else 0
        self.query_one("#form-scraper", Button).label = Content(
            f"{display_line(scraper.name, limit=60)} {GLYPHS.ellipsis}"
        )
        select = self.query_one("#form-door", Select)
        with self.prevent(Select.Changed):
            select.set_options([(_door_words(door), str(number)) for number, door in enumerate(doors)])
            select.value = str(place)
        await self._take_door(doors[place])

    async def _take_door(self, door: ScraperDoor) -> None:
        self._door = door
        group = self.query_one("#form-inputs", VerticalGroup)
        await group.remove_children()
        is_first_choice = self._scraper is not None and self._scraper.scraper_id == _FIRST_SCRAPER
        rows = []
        for field in door.inputs:
            prefilled = field.example if is_first_choice and field.required and door.discover_by == _FIRST_DOOR else ""
            label = Content.assemble(display_line(field.name, limit=40), (" *" if field.required else "", "$accent"))
            rows.append(
                HorizontalGroup(
                    Static(label, classes="field-label", markup=False),
                    Input(
                        prefilled,
                        name=field.name,
                        placeholder=display_line(f"such as {field.example}" if field.example else field.kind, limit=80),
                        compact=True,
                    ),
                    classes="field",
                )
            )
        await group.mount(*rows)
        self.query_one("#form-limit-row").display = door.discover_by is not None
        self._form_changed()

    # Price, what is sent, confirmation

    @on(Input.Changed)
    def input_changed(self) -> None:
        """Each change voids the confirmation and prices anew."""
        self._form_changed()

    def _form_changed(self) -> None:
        form = self._form()
        if form == self._planned_form:
            return
        was_confirmed, self._is_confirmed = self._is_confirmed, False
        self._plan, self._planned_form = None, form
        self._set_buttons()
        if was_confirmed:
            self._show_price(Content.styled("The form changed, so the confirmation is void.", "$warning"))
        self._price(form)

    def _form(self) -> _Form | None:
        if self._scraper is None:
            return None
        values = {str(field.name): field.value.strip() for field in self.query("#form-inputs Input").results(Input)}
        return _Form(
            self._scraper.scraper_id,
            self._door.discover_by,
            {name: value for name, value in values.items() if value},
            _whole(self.query_one("#form-limit", Input).value) if self._door.discover_by is not None else None,
            _whole(self.query_one("#form-most", Input).value),
        )

    @work(group="price", exclusive=True, exit_on_error=False)
    async def _price(self, form: _Form | None) -> None:
        if form is None:
            return
        missing = [field.name for field in self._door.inputs if field.required and field.name not in form.inputs]
        if missing or not form.inputs:
            self._show_wire(None)
            names = ", ".join(missing) or "an input"
            self._show_price(
                Content.styled(f"{GLYPHS.todo} Fill in {display_line(names)} to see the price.", "$text-muted")
            )
            return
        try:
            plan = await self._collect.plan(
                form.scraper_id,
                [form.inputs],
                discover_by=form.discover_by,
                limit_per_input=form.limit_per_input,
                max_records=form.max_records,
            )
        except UsageError as error:
            self._show_wire(None)
            self._show_price(Content.styled(f"{GLYPHS.attention} {error_display.words(error)}", "$warning"))
            return
        self._plan = plan
        self._show_wire(plan)
        self._show_price(self._price_words(plan))
        self._set_buttons()

    def _price_words(self, plan: CollectPlan) -> Content:
        cap = self._settings.cap_usd
        parts = [
            Content.assemble(
                ("At most ", ""), (figures.money(plan.estimated_cost), "bold $accent"), "  ",
                (display_line(plan.basis, limit=200), "$text-muted"),
            )
        ]  # fmt: skip
        where = Content.assemble("Sent to ", display_line(plan.address, limit=80))
        parts.append(Content.assemble(where, "  ", sandbox_label()) if plan.is_sandbox else where)
        limit = f"Cap of this workspace {figures.money(cap)}" if cap is not None else "No cap is set for this workspace"
        state = "Confirmed. Start sends it, once." if self._is_confirmed else "Confirm it, then start."
        parts.append(
            Content.assemble(
                (limit, "$text-muted"), "   ", (state, "$success" if self._is_confirmed else "$foreground")
            )
        )
        return Content("\n").join(parts)

    def _show_price(self, words: Content) -> None:
        self.query_one("#form-price", Static).update(words)

    def _show_wire(self, plan: CollectPlan | None) -> None:
        query = "&".join(f"{name}={value}" for name, value in plan.query.items()) if plan else figures.UNKNOWN
        texts = {
            "query": f"POST {query}" if plan else query,
            "body": plan.body if plan else figures.UNKNOWN,
            "command": plan.command if plan else figures.UNKNOWN,
        }
        for name, text in texts.items():
            self.query_one(f"#wire-{name}", Static).update(Content(display(text, limit=4000)))

    def _set_buttons(self) -> None:
        self.query_one("#form-confirm", Button).disabled = self._plan is None or self._is_confirmed
        self.query_one("#form-start", Button).disabled = self._plan is None or not self._is_confirmed

    @on(Button.Pressed, "#form-confirm")
    def confirm(self) -> None:
        """The person agrees to exactly this plan."""
        if self._plan is not None:
            self._is_confirmed = True
            self._show_price(self._price_words(self._plan))
            self._set_buttons()
            self.query_one("#form-start").focus()

    @on(Button.Pressed, "#form-start")
    def start(self) -> None:
        """Ends with the confirmed plan."""
        if self._plan is not None and self._is_confirmed:
            self.dismiss(self._plan)

    def action_confirm_or_start(self) -> None:
        """One key for both steps."""
        if self._is_confirmed:
            self.start()
        else:
            self.confirm()

    @on(Button.Pressed, "#form-cancel")
    def cancel(self) -> None:
        """Leaves without collecting."""
        self.dismiss(None)


def _door_words(door: ScraperDoor) -> Content:
    words = door.discover_by.replace("_", " ") if door.discover_by else "given addresses"
    return Content(display_line(words, limit=60))


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.lstrip("-").isdigit() else None
