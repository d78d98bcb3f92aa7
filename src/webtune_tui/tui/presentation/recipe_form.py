"""The recipe as parts of a form: the template, one part per step, the split; and a run's report as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from webtune_tui.domain.concentration import SHOWN_PLACES, phrase_words, places
from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.options import Option, options_of
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.mix import MixPart
from webtune_tui.pipeline.packing import PackingPlan
from webtune_tui.services.prepare import PreviewRow, StepDescription
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import StyledLine, bar, fit, fit_right, wrap

REASON_WORDS = {
    "error": "error rows",
    "warning": "warning rows",
    "placeholder": "placeholders",
    "empty": "no answer",
    "title_as_target": "answer is the title",
    "short": "too short",
    "long": "too long",
    "language": "other language",
    "quality": "poor text",
    "boilerplate": "boilerplate",
    "exact_duplicate": "exact duplicates",
    "near_duplicate": "near-duplicates",
    "shared_target": "shared answers",
    "private": "personal data",
    "by_hand": "dropped by hand",
}

_STEP_OF_REASON = {
    "error": "error_rows",
    "warning": "error_rows",
    "placeholder": "placeholder_rows",
    "empty": "empty_targets",
    "title_as_target": "empty_targets",
    "short": "length",
    "exact_duplicate": "exact_duplicates",
    "near_duplicate": "near_duplicates",
    "shared_target": "shared_targets",
}

_SPLIT_FIELDS = (
    ("train", "Train", "Share of the examples that the model learns from."),
    ("validation", "Validation", "Share that is watched while training."),
    ("test", "Test", "Share that is frozen and kept for the comparison at the end."),
    ("seed", "Seed", "The same seed gives the same split."),
)
_TEMPLATE_FIELDS = (
    ("system", "System", "Such as: You write for an online shop."),
    ("user", "User", "Empty: webtune's own, or: Describe {title}"),
    ("assistant", "Assistant", "Empty: webtune's own, or: {description}"),
)


@dataclass(frozen=True, slots=True)
class RecipeField:
    """One value of the recipe that a person can set. ``kind`` is text, bool, number, choice or line."""

    key: str
    label: str
    help: str
    kind: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecipePart:
    """A part of the recipe with its fields.

    ``switch`` is the key that turns a step on and off; a step runs in its ``stage`` by ascending ``order``.
    """

    name: str
    title: str
    fields: tuple[RecipeField, ...] = ()
    switch: str = ""
    enabled: bool = True
    stage: str = ""
    order: int = 0

    @property
    def order_key(self) -> str:
        """The key that moves a step."""
        return f"steps.{self.name}.order"

    @property
    def is_step(self) -> bool:
        """Whether it is a step, which can be switched, moved and previewed."""
        return bool(self.switch)


def in_order(parts: Sequence[RecipePart], pending: Mapping[str, str]) -> tuple[RecipePart, ...]:
    """The parts with the steps of each stage in the order that is pending."""
    stages = [part.stage for part in parts]

    def place(part: RecipePart) -> tuple[int, int, str]:
        return stages.index(part.stage), order_of(part, pending), part.name

    steps = iter(sorted((part for part in parts if part.is_step), key=place))
    return tuple(next(steps) if part.is_step else part for part in parts)


def order_of(part: RecipePart, pending: Mapping[str, str]) -> int:
    """A step's place in its stage with what is not saved yet."""
    return int(pending.get(part.order_key) or part.order)


def moved(parts: Sequence[RecipePart], part: RecipePart, rows: int, pending: Mapping[str, str]) -> dict[str, str]:
    """The keys that move a step past its neighbour (``rows`` -1: up, 1: down); none at the end of its stage."""
    if part.stage == "corpus":
        return {}  # what looks at the whole set has one order
    stage = [one for one in in_order(parts, pending) if one.is_step and one.stage == part.stage]
    place = next(number for number, one in enumerate(stage) if one.name == part.name)
    other = place + rows
    if not 0 <= other < len(stage):
        return {}
    orders = [order_of(one, pending) for one in stage]
    if len(set(orders)) < len(orders):
        orders = [10 * number for number in range(1, len(stage) + 1)]
    stage[place], stage[other] = stage[other], stage[place]
    return {
        one.order_key: str(order) for one, order in zip(stage, orders, strict=True) if order_of(one, pending) != order
    }


def recipe_parts(recipe: Mapping[str, Any], steps: Sequence[StepDescription]) -> tuple[RecipePart, ...]:
    """The parts in the order of the work: template, steps, split."""
    template = _table(recipe, "template")
    split = _table(recipe, "split")
    building = _table(recipe, "build")
    settings = _table(recipe, "steps")
    return (
        RecipePart(
            "template",
            "Template",
            tuple(
                RecipeField(f"template.{name}", label, words, "text", _as_text(template.get(name, "")))
                for name, label, words in (_TEMPLATE_FIELDS if not recipe.get("templates") else ())
            ),
        ),
        RecipePart("build", "Build", tuple(_build_field(one, building) for one in options_of(BuildPlan))),
        *(_step_part(step, _table(settings, step.name)) for step in steps),
        RecipePart("mix", "Mix", tuple(_mix_fields(recipe.get("mix")))),
        RecipePart(
            "split",
            "Split",
            tuple(
                RecipeField(f"split.{name}", label, words, "number", _as_text(split.get(name, "")))
                for name, label, words in _SPLIT_FIELDS
            ),
        ),
    )


def saved_values(parts: Sequence[RecipePart]) -> dict[str, str]:
    """What the recipe says of every key of its parts, as text."""
    saved = {field.key: field.value for part in parts for field in part.fields}
    saved |= {part.switch: "true" if part.enabled else "false" for part in parts if part.switch}
    return saved | {part.order_key: str(part.order) for part in parts if part.is_step}


def _mix_fields(parts: Any) -> Iterator[RecipeField]:
    """The options of every part of the mix, the part's name before each."""
    for part in parts if isinstance(parts, list) else ():
        name = str(part.get("name", ""))
        for declared in options_of(MixPart):
            if declared.name != "name":
                told: dict[str, Any] = {"name": declared.name, "label": f"{name}: {declared.label.lower()}"}
                told |= {"help": declared.help, "default": declared.default, "choices": declared.choices}
                yield _field(f"mix.{name}.{declared.name}", told, part)


def _step_part(step: StepDescription, values: Mapping[str, Any]) -> RecipePart:
    fields = tuple(
        _option_field(step.name, option, values)
        for option in step.options
        if option.get("name") not in (None, "enabled")
    )
    return RecipePart(
        step.name,
        step.title or step.name,
        fields,
        switch=f"steps.{step.name}.enabled",
        enabled=step.enabled,
        stage=step.stage,
        order=step.order,
    )


def _build_field(declared: Option, values: Mapping[str, Any]) -> RecipeField:
    told = {"name": declared.name, "label": declared.label, "help": declared.help, "choices": declared.choices}
    return _field(f"build.{declared.name}", told | {"default": declared.default}, values)


def _option_field(step: str, option: Mapping[str, Any], values: Mapping[str, Any]) -> RecipeField:
    return _field(f"steps.{step}.{option['name']}", option, values)


def _field(key: str, option: Mapping[str, Any], values: Mapping[str, Any]) -> RecipeField:
    name = str(option["name"])
    value = values.get(name, option.get("value", option.get("default", "")))
    choices = tuple(str(choice) for choice in option.get("choices") or ())
    if isinstance(value, bool) or option.get("type") == "bool":
        kind = "bool"
    elif choices and not isinstance(value, list | tuple):
        kind = "choice"
    elif isinstance(value, int | float):
        kind = "number"
    else:
        kind = "line"
    return RecipeField(
        key=key,
        label=str(option.get("label") or name),
        help=str(option.get("help") or ""),
        kind=kind,
        value=_as_text(value),
        choices=choices,
    )


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = values.get(name)
    return table if isinstance(table, Mapping) else {}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def touched_by_step(report: PrepareReport) -> dict[str, int]:
    """How many records each step changed or dropped in a run."""
    touched = {name: number for name, number in report.changed.items() if number}
    by_reason = [(_STEP_OF_REASON.get(reason, reason), number) for reason, number in report.dropped.items()]
    for step, number in report.dropped_steps.items() or by_reason:
        touched[step] = touched.get(step, 0) + number
    return touched


def reason_words(reason: str) -> str:
    """A drop reason as a phrase."""
    return REASON_WORDS.get(reason) or display_line(reason, limit=40).replace("_", " ")


def by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The names that happened at all, the most frequent first."""
    return sorted(((name, n) for name, n in counts.items() if n), key=lambda pair: (-pair[1], pair[0]))


def report_lines(
    report: PrepareReport, titles: Mapping[str, str], width: int, packing: PackingPlan | None = None
) -> list[StyledLine]:
    """What the newest run took, dropped, changed and made; ``titles`` are those of the steps.

    ``packing`` is what sharing sequences would save in training here.
    """
    lines = [
        StyledLine(
            (
                (figures.count(report.records, "record"), "title"),
                (f"  {GLYPHS.arrow}  ", "muted"),
                (figures.count(report.examples, "example"), "title"),
                (f"   in {figures.duration(report.seconds)}", "muted"),
            )
        )
    ]
    groups = (
        ("Dropped", {reason_words(name): n for name, n in report.dropped.items()}, "warn"),
        ("Changed", {titles.get(name) or _title(name): n for name, n in report.changed.items()}, "second"),
        ("Redacted", {_title(name): n for name, n in report.redacted.items()}, "second"),
    )
    label = max((len(name) for _, counts, _ in groups for name in counts), default=12)
    label = min(max(label, 12), max(width // 2, 12))
    for title, counts, style in groups:
        lines += _bars(title, by_count(counts), label, width, style)
    lines += _bars("Examples", list(report.splits.items()), label, width, "good")
    per_split = report.tokens.get("per_split")
    if isinstance(per_split, Mapping):
        lines += _bars("Tokens", [(str(name), int(n)) for name, n in per_split.items()], label, width, "good")
    from_places = [(_title(one["name"]), int(one["examples"])) for one in places(report.concentration)[:SHOWN_PLACES]]
    lines += _bars("From", from_places, label, width, "second")
    if packing is not None and packing.examples:
        lines += list(_packing_lines(packing, label))
    lines.append(StyledLine())
    lines += list(_leak_lines(report.leak, width))
    for words in phrase_words(report.concentration):
        lines += [StyledLine(((line, "warn"),)) for line in wrap(f"Repeated: {words}", width)]
    for note in report.notes:
        lines += [StyledLine(((line, "muted"),)) for line in wrap(display_line(note), width)]
    return lines


def _packing_lines(plan: PackingPlan, label: int) -> Iterator[StyledLine]:
    """Steps and padding of an epoch with an example a sequence, and with as many as fit."""
    yield StyledLine()
    head = fit_right("alone", 11) + fit_right("packed", 11)
    yield StyledLine(((fit("PACKING", label), "section"), (head, "muted")))
    rows = (
        ("steps", plan.steps_alone, plan.steps_packed),
        ("padding", plan.padding_alone, plan.padding_packed),
    )
    for name, alone, packed in rows:
        yield StyledLine(
            ((fit(name, label), ""), (fit_right(f"{alone:,}", 11), "muted"), (fit_right(f"{packed:,}", 11), "good"))
        )
    yield StyledLine(((f"an epoch, {plan.sequence_length:,} tokens a sequence", "muted"),))
    if plan.too_long:
        yield StyledLine(((fit("left out", label), ""), (fit_right(f"{plan.too_long:,}", 22), "warn")))


def _leak_lines(leak: Mapping[str, float], width: int) -> Iterator[StyledLine]:
    shared = int(leak.get("shared_clusters", 0))
    would = 100 * float(leak.get("random_split_rate", 0))
    clusters = figures.count(shared, "cluster")
    words = f"{clusters} of near-duplicates in two splits; a random split would leak {would:.1f} %"
    for line in wrap(words, width):
        yield StyledLine(((line, "bad" if shared else "good"),))


def _bars(title: str, rows: Sequence[tuple[str, int]], label: int, width: int, style: str) -> list[StyledLine]:
    if not rows:
        return []
    room = min(max(width - label - 13, 4), 32)
    largest = max(number for _, number in rows)
    total = fit_right(f"{sum(number for _, number in rows):,}", 11)
    lines = [StyledLine(), StyledLine(((fit(title.upper(), label), "section"), (total, "muted")))]
    for name, number in rows:
        drawn = bar(number, largest, room)
        lines.append(StyledLine(((fit(name, label), ""), (fit_right(f"{number:,}", 11), ""), (f"  {drawn}", style))))
    return lines


def _title(name: str) -> str:
    return display_line(name, limit=40).replace("_", " ")


def preview_title(rows: Sequence[PreviewRow]) -> str:
    """How many of the sample would make an example."""
    kept = sum(row.example is not None for row in rows)
    return f"{kept} of {figures.count(len(rows), 'record')} would make an example"


def preview_lines(rows: Sequence[PreviewRow], width: int, *, lines_each: int) -> list[StyledLine]:
    """The sample: title, prompt and answer of what becomes an example, one line with the reason for the others.

    ``lines_each`` limits the prompt and the answer of a record.
    """
    lines: list[StyledLine] = []
    for row in rows:
        if lines and lines_each > 1:
            lines.append(StyledLine())
        lines += list(_preview_row(row, width, lines_each))
    return lines


def _preview_row(row: PreviewRow, width: int, lines_each: int) -> Iterator[StyledLine]:
    title = display_line(row.title or f"record {row.record_id}", limit=300)
    if row.example is None:
        reason = reason_words(row.reason)
        room = max(width - 4 - len(reason), 8)
        yield StyledLine(((f"{GLYPHS.failed} ", "warn"), (fit(title, room), "muted"), (f"  {reason}", "warn")))
        return
    note = figures.count(row.example.tokens, "token")
    room = max(width - 4 - len(note), 8)
    yield StyledLine(((f"{GLYPHS.done} ", "good"), (fit(title, room), "title"), (f"  {note}", "muted")))
    system = (("S", row.example.system, "muted"),) if lines_each > 1 and row.example.system else ()
    for name, text, style in (*system, ("U", row.example.prompt, "second"), ("A", row.example.answer, "accent")):
        for index, line in enumerate(_first_lines(text, max(width - 4, 4), lines_each)):
            yield StyledLine(((f"  {name if index == 0 else ' '} ", style), (line, "muted" if name == "S" else "")))


def _first_lines(text: str, width: int, lines: int) -> list[str]:
    """The first lines of a text, with ``…`` at the end where there is more."""
    head = text[: width * (lines + 1)]
    if lines == 1:
        return [fit(display_line(head), width)]
    wrapped = list(wrap(display(head), width))
    if len(wrapped) > lines or len(head) < len(text):
        last = wrapped[:lines][-1].rstrip()
        wrapped = [*wrapped[: lines - 1], last + " …" if cell_len(last) + 2 <= width else fit(last + " …", width)]
    return wrapped
