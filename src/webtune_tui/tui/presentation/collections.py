"""What collections and their records look like in lists and in detail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual.content import Content

from webtune_tui.domain import clock
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.records import Collection, CollectionState, Record, RecordKind
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.drift import CollectionDrift
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.states import collection_look
from webtune_tui.tui.presentation.text_layout import Part, bar, fit, fit_right

_TITLE_FIELDS = (
    "title", "name", "product_name", "headline", "question", "prompt", "instruction", "text", "user", "url",
)  # fmt: skip
_ERROR_FIELDS = ("error", "error_message", "warning", "error_code")
_RECORD_LIMIT = 60_000


def sandbox_label() -> Content:
    """Marks what does not come from the real service."""
    return Content.styled(" sandbox ", "$background on $accent")


_PART_STYLES = {"$success": "good", "$primary": "accent", "$warning": "warn", "$error": "bad", "$text-muted": "muted"}
_WIDE, _MIDDLE = 104, 66
_SAFE_TO_LEAVE_SECONDS = 600.0
_KEPT_DAYS = 30
_BAR_WIDTH = 24
_DAY_SECONDS = 86_400.0


def board_header(width: int) -> list[Part]:
    """The names of the board's columns at a width."""
    if width >= _WIDE:
        cells = [("age", 5), ("took", 16), ("records", 11), ("errors", 8), ("rate", 11), ("cost", 11)]
    elif width >= _MIDDLE:
        cells = [("age", 5), ("records", 10), ("errors", 7), ("cost", 9)]
    else:
        cells = [("age", 5), ("records", 9)]
    state = 12 if width >= _MIDDLE else 2
    room = max(width - state - sum(size for _, size in cells), 8)
    head = fit("state", state) if width >= _MIDDLE else fit("", state)
    return [(head + fit("collection", room) + "".join(fit_right(name, size) for name, size in cells), "")]


def board_row(collection: Collection, width: int, now: str, typical: float | None = None) -> list[Part]:
    """One line of the board: state, label and figures, as many as there is room for."""
    look = collection_look(collection.state)
    colour = _PART_STYLES.get(look.colour, "")
    seconds = seconds_of(collection, now)
    age = (fit_right(figures.age(collection.created_at, now), 5), "muted")
    errors = fit_right(f"{collection.errors:,}" if collection.errors else "", 8 if width >= _WIDE else 7)
    cost_style = "" if collection.cost is not None else "muted"
    if width >= _WIDE:
        figures_of_row = [
            age,
            (fit_right(_took(collection, seconds, typical), 16), "muted"),
            (fit_right(f"{collection.records:,}", 11), ""),
            (errors, "bad"),
            (fit_right(_rate(collection, seconds).replace(" records", ""), 11), "muted"),
            (fit_right(_cost(collection), 11), cost_style),
        ]
    elif width >= _MIDDLE:
        figures_of_row = [
            age,
            (fit_right(f"{collection.records:,}", 10), ""),
            (errors, "bad"),
            (fit_right(_cost(collection), 9), cost_style),
        ]
    else:
        figures_of_row = [age, (fit_right(f"{collection.records:,}", 9), "")]
    state = f"{look.symbol} {fit(look.word, 10)}" if width >= _MIDDLE else f"{look.symbol} "
    mark = " sandbox" if collection.is_sandbox else ""
    used = cell_len(state) + sum(cell_len(text) for text, _ in figures_of_row)
    room = max(width - used, 8)
    label = display_line(collection.label or collection.source, limit=300)
    mark = mark if cell_len(label) + len(mark) <= room else ""
    return [(state, colour), (fit(label, room - len(mark)) if not mark else label, ""),
            (fit(mark, room - cell_len(label)) if mark else "", "second"), *figures_of_row]  # fmt: skip


def seconds_of(collection: Collection, now: str) -> float:
    """How long it took, or has been under way."""
    return clock.seconds_between(collection.created_at, collection.finished_at or now) or 0.0


def status(
    collection: Collection,
    progress: Progressed | None,
    now: str,
    *,
    width: int = 60,
    typical: float | None = None,
    drift: CollectionDrift | None = None,
) -> Content:
    """The live lines of one collection: state, what needs the person, counts, money, where it comes from."""
    look = collection_look(collection.state)
    head: list[Content] = [look.content()]
    if collection.phase and collection.phase != look.word:
        is_trouble = "since" in collection.phase
        head.append(
            Content.styled(f"  {display_line(collection.phase, limit=40)}", "$warning" if is_trouble else "$text-muted")
        )
    if collection.is_sandbox:
        head += [Content("  "), sandbox_label()]
    lines = [Content.assemble(*head)]
    if not collection.state.is_final and progress is not None:
        lines.append(Content.styled(progress_words(progress), "$primary"))
    seconds = seconds_of(collection, now)
    lines += _attention_lines(collection, seconds, typical)
    if drift is not None:
        lines.append(drift_line(drift))
    lines.append(Content(""))
    lines += _in_columns(_facts_of(collection, seconds, typical), width)
    return Content("\n").join(lines)


def waiting_words(collection: Collection, progress: Progressed | None, now: str, typical: float | None) -> Content:
    """What stands in the place of records while none are here: how it goes, for how long, and how long it may take."""
    look = collection_look(collection.state)
    phase = display_line(collection.phase, limit=60)
    lines = [Content.assemble(look.content(), f"  {phase}" if phase and phase != look.word else "")]
    if progress is not None:
        lines.append(Content.styled(progress_words(progress), "$primary"))
    elif collection.records:
        lines.append(Content(f"{figures.count(collection.records, 'record')} so far at the service"))
    seconds = seconds_of(collection, now)
    took = figures.duration(seconds)
    if typical:
        share = min(seconds / typical, 1.0)
        drawn = bar(share, 1.0, _BAR_WIDTH)
        rest = "┄" * (_BAR_WIDTH - len(drawn))
        lines.append(
            Content.assemble(
                (drawn, "$primary"), (rest, "$text-muted"), f"  {took}, as a rule", (f" {figures.duration(typical)}")
            )
        )
    else:
        lines.append(Content(f"for {took}"))
    lines.append(Content(""))
    lines.append(Content.styled("Records are shown here as they arrive. You may leave: it goes on.", "$text-muted"))
    return Content("\n").join(lines)


def _attention_lines(collection: Collection, seconds: float, typical: float | None) -> list[Content]:
    """What a person should read before the figures."""
    lines = []
    if collection.message:
        colour = "$error" if collection.state is CollectionState.FAILED else "$warning"
        lines.append(Content.styled(display(collection.message, limit=600), colour))
    if collection.state is CollectionState.RUNNING and seconds >= _SAFE_TO_LEAVE_SECONDS:
        as_a_rule = f"; as a rule it takes {figures.duration(typical)}" if typical else ""
        lines.append(
            Content.styled(
                f"Still running, safe to leave{as_a_rule}. It goes on at the service, and r goes on here.", "$primary"
            )
        )
    if not collection.state.is_final and seconds > (_KEPT_DAYS - 5) * _DAY_SECONDS:
        lines.append(Content.styled(f"The service keeps a snapshot for {_KEPT_DAYS} days: r fetches it.", "$warning"))
    return lines


def _facts_of(collection: Collection, seconds: float, typical: float | None) -> list[tuple[str, str]]:
    rate = _rate(collection, seconds)
    records = figures.count(collection.records) + (f"  {rate}" if rate else "")
    facts = [("records", records), ("errors", figures.count(collection.errors))]
    facts.append(("took" if collection.finished_at else "for", figures.duration(seconds)))
    if typical:
        facts.append(("as a rule", figures.duration(typical)))
    if collection.state.is_final:
        facts += [
            ("rejected", figures.count(collection.rejected)),
            ("new", figures.count(collection.new)),
            ("changed", figures.count(collection.changed)),
            ("duplicates", figures.count(collection.duplicates)),
        ]
        if collection.gone is not None:
            facts.append(("gone", figures.count(collection.gone)))
    if _costs(collection):
        facts.append(("at most", figures.money(collection.estimated_cost)))
        if collection.state.is_final:
            facts.append(("charged", figures.money(collection.cost)))
    if collection.snapshot_id:
        facts.append(("snapshot", display_line(collection.snapshot_id, limit=60)))
    facts.append(("begun", figures.local_date(collection.created_at)))
    return facts


def _drift_value(value: object) -> str:
    if value is None:
        return figures.UNKNOWN
    return f"{value:,.4g}" if isinstance(value, float) else display_line(value, limit=80)


def _in_columns(facts: Sequence[tuple[str, str]], width: int) -> list[Content]:
    """Names and values in one column, or in two where there is room."""
    if width < 70:
        return [_fact(name, value) for name, value in facts]
    half = (len(facts) + 1) // 2
    left_width = width // 2
    lines = []
    for place in range(half):
        left = _fact(*facts[place])
        if place + half < len(facts):
            gap = " " * max(left_width - left.cell_length, 2)
            left = Content.assemble(left, gap, _fact(*facts[place + half]))
        lines.append(left)
    return lines


def _fact(name: str, value: str) -> Content:
    return Content.assemble((f"{name:<13}", "$text-muted"), value)


def _took(collection: Collection, seconds: float, typical: float | None) -> str:
    took = figures.short_duration(seconds)
    if collection.state is CollectionState.RUNNING:
        return f"{took} of ~{figures.short_duration(typical)}" if typical else took
    return took if collection.state.is_final else ""


def _rate(collection: Collection, seconds: float) -> str:
    rate = figures.rate(collection.records, seconds, "records")
    return "" if rate == figures.UNKNOWN else rate


def _cost(collection: Collection) -> str:
    if not _costs(collection):
        return ""
    if collection.cost is not None:
        return figures.money(collection.cost)
    return f"{GLYPHS.at_most} {figures.money(collection.estimated_cost)}"


def drift_line(drift: CollectionDrift) -> Content:
    """``since last time: 12 new, 3 changed, 5 gone, 2 fields differ``."""
    words = f"{drift.new:,} new, {drift.changed:,} changed, {drift.gone:,} gone"
    fields = len(drift.fields)
    if fields:
        words += f", {fields} field{' differs' if fields == 1 else 's differ'}"
    return Content.assemble(("since last time ", "$text-muted"), (words, "$warning" if fields else ""))


def drift_words(drift: CollectionDrift) -> Content:
    """All that differs from the collection before: counts, fields, and some of what is gone."""
    lines = [
        Content.assemble(("compared with ", "$text-muted"), display_line(drift.previous_id or "", limit=60)),
        drift_line(drift),
    ]
    if drift.fields:
        lines += [Content(""), Content.styled("Fields", "bold $primary")]
        for field in drift.fields:
            before, after = _drift_value(field.before), _drift_value(field.after)
            lines.append(
                Content.assemble(
                    (display_line(field.field, limit=60), "bold"),
                    (f"  {display_line(field.what, limit=60)}", "$warning"),
                    (f"  {before} {GLYPHS.arrow} {after}", "$text-muted"),
                )
            )  # fmt: skip
    if drift.gone_sample:
        lines += [Content(""), Content.styled("Gone, among others", "bold $primary")]
        lines += [Content(display_line(gone, limit=300)) for gone in drift.gone_sample]
    return Content("\n").join(lines)


def _costs(collection: Collection) -> bool:
    """Whether it came from a priced service; files and direct pages cost nothing."""
    return collection.estimated_cost is not None or bool(collection.cost)


def progress_words(progress: Progressed) -> str:
    """``downloading 1.2 MB``, ``storing 120 records``, ``reading 1,200 of 5,000 lines``."""
    if progress.unit == "bytes":
        done = figures.size(progress.done)
        total = figures.size(progress.total) if progress.total else ""
    else:
        done, total = f"{progress.done:,}", f"{progress.total:,}" if progress.total else ""
    unit = "" if progress.unit == "bytes" else f" {display_line(progress.unit)}"
    amount = f"{done} of {total}{unit}" if total else f"{done}{unit}"
    words = f"{display_line(progress.stage)} {amount}"
    return f"{words}  {display_line(progress.message, limit=80)}" if progress.message else words


def record_parts(record: Record, width: int = 120) -> list[Part]:
    """One line: what the record is about, or what went wrong with which input."""
    if record.kind is RecordKind.DATA:
        return [(f"{record.position:>6} ", "muted"), (title_of(record.fields), "")]
    code = display_line(record.fields.get("error_code") or record.fields.get("warning_code") or record.kind, limit=24)
    words = first_text(record.fields, _ERROR_FIELDS) or title_of(record.fields)
    style = "bad" if record.kind is RecordKind.ERROR else "warn"
    given = input_words(record.fields.get("discovery_input") or record.fields.get("input"))
    return [
        (f"{GLYPHS.failed} ", style),
        (fit(code, 14) + " ", style),
        (fit(given, min(40, max(width // 3, 12))) + " ", ""),
        (words, "muted"),
    ]


def input_words(given: object) -> str:
    """An input on one line: the value where it has a single field, else its fields."""
    if isinstance(given, Mapping):
        if len(given) == 1:
            return display_line(next(iter(given.values())), limit=200)
        return display_line("  ".join(f"{name}={value}" for name, value in given.items()), limit=200)
    return display_line(given or "", limit=200)


def title_of(fields: Mapping[str, object]) -> str:
    """The words by which a person recognises a record, on one line."""
    return first_text(fields, _TITLE_FIELDS) or _asked(fields) or first_text(fields, tuple(fields)) or "(no text)"


def _asked(fields: Mapping[str, object]) -> str:
    """What is asked in a chat row."""
    messages = fields.get("messages")
    turns = [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    asked = next((one for one in turns if one.get("role") == "user"), {})
    return first_text(asked, ("content",))


def first_text(fields: Mapping[str, object], names: tuple[str, ...]) -> str:
    """The first of the named fields that holds words."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return display_line(value.strip(), limit=200)
    return ""


def record_json(record: Record) -> str:
    """All fields of a record, readable, safe to show, and cut where it is endless."""
    text = json.dumps(record.fields, indent=2, ensure_ascii=False, default=str)
    return display(text, limit=_RECORD_LIMIT)
