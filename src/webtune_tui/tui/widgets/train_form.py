"""The form of a new fine-tuning job, with an estimate beside it that follows every choice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.message import Message
from textual.widgets import Button, Input, Select, Static

from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import UsageError, WebtuneError
from webtune_tui.domain.hyperparameters import hyperparameters_from
from webtune_tui.domain.jobs import Hyperparameters, Job
from webtune_tui.domain.masking import mask
from webtune_tui.domain.options import Option, convert
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.providers.base import BaseModel, Capabilities
from webtune_tui.tui.presentation import figures, jobs
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.widgets.job_monitor import ProgressLine

if TYPE_CHECKING:
    from textual.worker import WorkType

_WAIT_AFTER_A_KEY = 0.25
_EVERYWHERE, _HERE, _HOSTED = "everywhere", "here", "hosted"


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What the form asks for, ready for ``TrainService.start``."""

    provider: str
    base_model: str
    version: str | None
    suffix: str
    seed: int
    hyperparameters: Hyperparameters


@dataclass(frozen=True, slots=True)
class _Field:
    """A number or word of the form. ``default`` is what an empty field means on this machine."""

    option: Option
    default: str
    where: str = _EVERYWHERE


def _number(
    name: str, label: str, words: str, default: str, bounds: tuple[float, float], kind: type = int,
    where: str = _EVERYWHERE,
) -> _Field:  # fmt: skip
    return _Field(Option(name, label, words, None, kind, (), *bounds), default, where)


FIELDS = (
    _number("epochs", "Epochs", "How often each example is seen", "3 for most", (1, 50)),
    _number("max_steps", "Most steps", "Stops after so many steps", "no limit", (1, 1_000_000), where=_HERE),
    _number("batch_size", "Batch size", "Examples for one step", "4", (1, 256)),
    _number(
        "learning_rate", "Learning rate", "How far each step goes", "0.001", (1e-9, 1), float, where=_HERE,
    ),
    _number(
        "learning_rate_multiplier", "Learning rate ×", "Scales the provider's own", "1", (1e-6, 1000), float,
        where=_HOSTED,
    ),
    _number("lora_rank", "LoRA rank", "Room for what is learned", "16", (1, 512), where=_HERE),
    _number(
        "sequence_length", "Longest example", "In tokens; the rest is cut", "512", (16, 131_072), where=_HERE,
    ),
    _Field(Option("suffix", "Name", "A word in the model's name", "", str), "none"),
    _number("seed", "Seed", "Same seed, same model", "0", (0, 2**31 - 1)),
)  # fmt: skip
_CHOICE_HELP = {
    "form-provider": "Where the model is tuned: this machine, or an account at a provider.",
    "form-base": "The model that learns. a adds one to this machine.",
    "form-version": "Which dataset version it learns from. The newest is the one you are working on.",
    "form-start": "ctrl+s starts from any field. Leaving the app never stops a job.",
}

Bases = Callable[[str], Awaitable[Sequence[BaseModel]]]
Estimates = Callable[[TrainRequest], Awaitable[Estimate]]


class TrainForm(Vertical):
    """Emits :class:`Submitted` with a whole request; asking about money is left to the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Start", priority=True),
        Binding("a", "add_base", "Add base"),
        Binding("escape", "leave", "Back"),
    ]
    DEFAULT_CSS = """
    TrainForm {
        & #form-main { height: 1fr; }
        & #form-fields { width: 1fr; scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
        & #form-side { width: 31; height: 100%; }
        & #form-estimate, & #form-problem, & #form-basis { height: auto; }
        & #form-problem { color: $text-warning; }
        & #form-basis { color: $text-muted; margin-top: 1; }
        & .form-line { height: 1; }
        & .form-name { width: 17; height: 1; color: $text-muted; }
        & .form-words { height: auto; padding-left: 18; margin-bottom: 1; color: $text-muted; }
        & .form-aside { display: none; width: 1fr; height: 1; padding-left: 2; color: $text-muted; }
        & #form-progress { display: none; margin: 0 1 1 17; }
        & #form-progress.-busy { display: block; }
        & #form-help { height: 1; padding: 0 2; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        & #form-buttons { height: 3; padding: 0 1; }
        & #form-buttons Button { margin-right: 2; }
        &.-roomy .form-aside { display: block; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-roomy .form-line { margin-bottom: 1; }
        &.-roomy .form-line.-choice { margin-bottom: 0; }
        &.-low .form-line, &.-low .form-words { margin-bottom: 0; }
        &.-low .form-words { padding-left: 2; }
        &.-slim #form-main { layout: vertical; }
        &.-slim #form-side { width: 1fr; height: auto; max-height: 9; }
        &.-low #form-buttons { display: none; }
    }
    """

    class Submitted(Message):
        """The person wants to start this."""

        def __init__(self, request: TrainRequest, estimate: Estimate | None, capabilities: Capabilities) -> None:
            super().__init__()
            self.request = request
            self.estimate = estimate
            self.capabilities = capabilities

    class AddBaseWanted(Message):
        """The person wants to add a base model to this machine."""

        def __init__(self, proposal: BaseModel | None) -> None:
            super().__init__()
            self.proposal = proposal

    class Left(Message):
        """The person goes back without starting."""

    def __init__(
        self,
        capabilities: Sequence[Capabilities],
        versions: Sequence[DatasetVersion],
        *,
        bases: Bases,
        estimates: Estimates,
        preset: Job | None = None,
        provider: str = "",
        base_model: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._capabilities = {one.name: one for one in capabilities}
        self._versions = versions
        self._load_bases = bases
        self._load_estimate = estimates
        self._preset = preset
        wanted = preset.provider if preset else provider
        self._first_provider = wanted if wanted in self._capabilities else next(iter(self._capabilities))
        self._wanted_base = preset.base_model if preset else base_model
        self._bases: dict[str, BaseModel] = {}
        self._bases_problem: WebtuneError | None = None
        self.estimate: Estimate | None = None
        self.problem: WebtuneError | None = None

    # What is on it

    def compose(self) -> ComposeResult:
        with Horizontal(id="form-main"):
            with VerticalScroll(id="form-fields", classes="panel", can_focus=False) as fields:
                fields.border_title = "New job"
                yield from self._choice("Provider", self._provider_select())
                yield Static(id="form-provider-words", classes="form-words", markup=False)
                yield from self._choice("Base model", Select[str]([], id="form-base", compact=True, prompt="loading"))
                yield Static(id="form-base-words", classes="form-words", markup=False)
                yield ProgressLine(id="form-progress")
                yield from self._choice("Dataset", self._version_select())
                yield Static(id="form-version-words", classes="form-words", markup=False)
                for field in FIELDS:
                    yield from self._field(field)
            with VerticalScroll(id="form-side", classes="panel", can_focus=False) as side:
                side.border_title = "Estimate"
                yield Static("working it out", id="form-estimate", markup=False, classes="muted")
                problem = Static(id="form-problem", markup=False)
                problem.display = False
                yield problem
                yield Static(id="form-basis", markup=False)
        yield Static(id="form-help", markup=False)
        with Horizontal(id="form-buttons"):
            yield Button("Start training", id="form-start", variant="primary")
            yield Button("Back", id="form-back")

    def _choice(self, label: str, select: Select[str]) -> ComposeResult:
        with Horizontal(classes="form-line -choice"):
            yield Static(label, classes="form-name", markup=False)
            yield select

    def _field(self, field: _Field) -> ComposeResult:
        option = field.option
        with Horizontal(classes="form-line", id=f"line-{option.name}"):
            yield Static(option.label, classes="form-name", markup=False)
            yield Input(
                self._preset_value(option.name),
                placeholder=field.default,
                id=f"field-{option.name}",
                compact=True,
                max_length=40,
            )
            yield Static(option.help, classes="form-aside", markup=False)

    def _provider_select(self) -> Select[str]:
        today = _today()
        options = [(jobs.provider_label(one, today), one.name) for one in self._capabilities.values()]
        return Select(options, value=self._first_provider, allow_blank=False, id="form-provider", compact=True)

    def _version_select(self) -> Select[str]:
        options = [(_version_label(version), version.dataset_version) for version in self._versions]
        known = [version.dataset_version for version in self._versions]
        wanted = self._preset.dataset_version if self._preset else ""
        value = wanted if wanted in known else known[0]
        return Select(options, value=value, allow_blank=False, id="form-version", compact=True)

    def _preset_value(self, name: str) -> str:
        if self._preset is None:
            return ""
        if name == "suffix":
            return self._preset.suffix
        if name == "seed":
            return str(self._preset.seed) if self._preset.seed else ""
        value = self._preset.hyperparameters.get(name)
        return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    def on_mount(self) -> None:
        self._show_provider(self._first_provider)
        self._show_version()
        self.query_one("#form-provider").focus()

    def on_resize(self) -> None:
        self.set_class(self.size.width < 76, "-slim")
        self.set_class(self.size.width >= 116, "-roomy")
        self.set_class(self.size.height < 28, "-low")

    # What it answers

    @property
    def capabilities(self) -> Capabilities:
        """The chosen provider."""
        return self._capabilities[str(self.query_one("#form-provider", Select).value)]

    @property
    def base(self) -> BaseModel | None:
        """The chosen base model."""
        value = self.query_one("#form-base", Select).value
        return self._bases.get(value) if isinstance(value, str) else None

    def request(self) -> TrainRequest:
        """The request as it stands.

        Raises:
            UsageError: a value does not fit, or no base model is chosen.
            WebtuneError: the provider's base models could not be read.
        """
        if self._bases_problem is not None:
            raise self._bases_problem
        if self.base is None:
            raise UsageError("No base model is chosen", hint="Choose one, or add one with a.")
        values = {field.option.name: self._value(field) for field in FIELDS if self._applies(field)}
        suffix = str(values.pop("suffix", "") or "")
        seed = int(values.pop("seed", None) or 0)
        return TrainRequest(
            provider=self.capabilities.name,
            base_model=self.base.model,
            version=str(self.query_one("#form-version", Select).value),
            suffix=suffix,
            seed=seed,
            hyperparameters=hyperparameters_from(values),
        )

    def _value(self, field: _Field) -> int | float | str | None:
        entry = self.query_one(f"#field-{field.option.name}", Input)
        text = entry.value.strip()
        entry.remove_class("-invalid")
        if not text:
            return None
        try:
            value: int | float | str = convert(field.option, text, where=field.option.label)
        except UsageError:
            entry.add_class("-invalid")
            raise
        return value

    def _applies(self, field: _Field) -> bool:
        if field.where == _EVERYWHERE:
            return True
        return (field.where == _HERE) == self.capabilities.is_local

    # What happens

    @on(Select.Changed, "#form-provider")
    def provider_chosen(self, event: Select.Changed) -> None:
        """Shows the provider's own fields, words and base models."""
        self._show_provider(str(event.value))

    @on(Select.Changed, "#form-base")
    def base_chosen(self) -> None:
        """Shows what is known of the base model."""
        self._show_base()
        self.ask_for_estimate()

    @on(Select.Changed, "#form-version")
    def version_chosen(self) -> None:
        """Shows the version's splits."""
        self._show_version()
        self.ask_for_estimate()

    @on(Input.Changed)
    def value_changed(self) -> None:
        """Estimates again."""
        self.ask_for_estimate()

    @on(Input.Submitted)
    def next_field(self) -> None:
        """Enter goes to the next field."""
        self.screen.focus_next()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Explains the field that has the focus."""
        name = event.widget.id or ""
        words = _CHOICE_HELP.get(name, "")
        for field in FIELDS:
            if name == f"field-{field.option.name}":
                words = f"{field.option.help}. Empty: {self.query_one(f'#{name}', Input).placeholder}."
        self.query_one("#form-help", Static).update(words)

    @on(Button.Pressed, "#form-start")
    def action_submit(self) -> None:
        """Hands the request over when it is whole."""
        try:
            request = self.request()
        except WebtuneError as error:
            self._show_problem(error)
            return
        base = self.base
        if base is not None and not base.is_present and self.capabilities.is_local:
            self.post_message(self.AddBaseWanted(base))
            return
        self.post_message(self.Submitted(request, self.estimate, self.capabilities))

    @on(Button.Pressed, "#form-back")
    def action_leave(self) -> None:
        """Goes back without starting."""
        self.post_message(self.Left())

    def action_add_base(self) -> None:
        """Asks for a base model to add; the chosen one is proposed when it is not here yet."""
        base = self.base
        self.post_message(self.AddBaseWanted(base if base is not None and not base.is_present else None))

    # Bases and estimate

    def _show_provider(self, name: str) -> None:
        capabilities = self._capabilities[name]
        words = jobs.provider_warning(capabilities, _today())
        line = self.query_one("#form-provider-words", Static)
        line.update(words)
        line.display = bool(words)
        for field in FIELDS:
            self.query_one(f"#line-{field.option.name}").display = self._applies(field)
            is_own = capabilities.is_local or (field.where == _EVERYWHERE and field.option.name in ("suffix", "seed"))
            entry = self.query_one(f"#field-{field.option.name}", Input)
            entry.placeholder = field.default if is_own else "its own choice"
        self.load_bases()

    def load_bases(self, choose: str = "") -> None:
        """Reads the base models of the chosen provider anew."""
        if choose:
            self._wanted_base = choose
        self._launch(partial(self._read_bases, self.capabilities.name), "form-bases")

    async def _read_bases(self, provider: str) -> None:
        select = self.query_one("#form-base", Select)
        try:
            bases = await self._load_bases(provider)
        except WebtuneError as error:
            self._bases, self._bases_problem = {}, error
            if not self.is_attached:
                return
            select.prompt = "none to choose"
            select.set_options([])
            self._show_base()
            self._show_problem(error)
            return
        if not self.is_attached:
            return
        self._bases_problem = None
        self._bases = {base.model: base for base in bases}
        today = _today()
        with self.prevent(Select.Changed):
            select.set_options([(jobs.base_label(base, today), base.model) for base in bases])
            if bases:
                wanted = self._wanted_base if self._wanted_base in self._bases else _best_base(bases).model
                select.value = wanted
        self._show_base()
        self.ask_for_estimate()

    def _show_base(self) -> None:
        base = self.base
        words = Content(jobs.base_facts(base)) if base else Content("")
        if base is not None and not base.is_present:
            words = Content.assemble((" a ", "bold $accent on $panel"), " adds it to this machine  ", words)
        line = self.query_one("#form-base-words", Static)
        line.update(words)
        line.display = bool(words)

    def _show_version(self) -> None:
        name = self.query_one("#form-version", Select).value
        found = next((one for one in self._versions if one.dataset_version == name), None)
        splits = found.splits if found else {}
        words = f" {GLYPHS.dot} ".join(f"{count:,} {display_line(split, limit=12)}" for split, count in splits.items())
        self.query_one("#form-version-words", Static).update(words)

    def ask_for_estimate(self) -> None:
        """Estimates shortly after the last change."""
        self._launch(self._estimate, "form-estimate")

    def _launch(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        self.run_worker(cast("WorkType[None]", work), group=group, exclusive=True)

    async def _estimate(self) -> None:
        await asyncio.sleep(_WAIT_AFTER_A_KEY)
        try:
            request = self.request()
            estimate = await self._load_estimate(request)
        except WebtuneError as error:
            self._show_problem(error)
            return
        if not self.is_attached:
            return
        self.estimate, self.problem = estimate, None
        table = self.query_one("#form-estimate", Static)
        table.remove_class("muted")
        table.update(_table(jobs.estimate_rows(estimate)))
        table.display = True
        self.query_one("#form-problem").display = False
        self.query_one("#form-basis", Static).update(Content(jobs.estimate_basis(estimate)))

    def _show_problem(self, error: WebtuneError) -> None:
        if not self.is_attached:
            return
        self.estimate, self.problem = None, error
        words = [Content(mask(display(error.message, limit=400)))]
        if error.hint:
            words.append(Content.styled(mask(display(error.hint, limit=400)), "$foreground"))
        self.query_one("#form-estimate").display = False
        line = self.query_one("#form-problem", Static)
        line.display = True
        line.update(Content("\n\n").join(words))
        self.query_one("#form-basis", Static).update("")

    def show_progress(self, words: str, done: int | None, total: int | None) -> None:
        """How far adding a base model has come; no ``done`` ends it."""
        line = self.query_one("#form-progress", ProgressLine)
        line.set_class(done is not None, "-busy")
        if done is not None:
            line.show(
                display_line(words, limit=40), done / total if total else None, figures.size(total) if total else ""
            )


def _best_base(bases: Sequence[BaseModel]) -> BaseModel:
    """The first one that can be used at once, else the first."""
    usable = (base for base in bases if base.is_present and base.trainable_here is not False)
    return next(usable, bases[0])


def _version_label(version: DatasetVersion) -> Content:
    working = "  working version" if version.is_working else ""
    return Content.assemble(
        version.dataset_version,
        (f" {GLYPHS.dot} {figures.count(version.examples, 'example')}{working}", "$text-muted"),
    )


def _table(rows: Sequence[tuple[str, str]]) -> Content:
    width = max(len(name) for name, _ in rows)
    return Content("\n").join(
        [Content.assemble((f"{name:<{width}}  ", "$text-muted"), display_line(value)) for name, value in rows]
    )


def _today() -> date:
    return datetime.now(UTC).date()
