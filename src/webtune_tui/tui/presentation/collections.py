"""What collections and their records look like in lists and in detail."""

from __future__ import annotations

import json
from collections.abc import Mapping

from textual.content import Content

from webtune_tui.domain import clock
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.records import Collection, CollectionState, Record, RecordKind
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.states import collection_look

_TITLE_FIELDS = (
    "title", "name", "product_name", "headline", "question", "prompt", "instruction", "text", "user", "url",
)  # fmt: skip
_ERROR_FIELDS = ("error", "error_message", "warning", "error_code")
_RECORD_LIMIT = 60_000


def sandbox_label() -> Content:
    """Marks what does not come from the real service."""
    return Content.styled(" sandbox ", "$background on $accent")


def board_row(collection: Collection, width: int, now: str) -> Content:
    """Two lines: state, label and age; then the counts."""
    look = collection_look(collection.state)
    age = figures.age(collection.created_at, now)
    label = display_line(collection.label or collection.source, limit=max(width - len(age) - 4, 8))
    first = Content.assemble((look.symbol, look.colour), " ", label)
    gap = max(width - first.cell_length - len(age), 1)
    facts = [figures.count(collection.records, "record")]
    if collection.errors:
        facts.append(figures.count(collection.errors, "error"))
    if collection.rejected:
        facts.append(f"{collection.rejected:,} rejected")
    if collection.cost is not None and _costs(collection):
        facts.append(figures.money(collection.cost))
    elif collection.estimated_cost is not None:
        facts.append(f"≤ {figures.money(collection.estimated_cost)}")
    second = Content.assemble("  ", (f" {GLYPHS.dot} ".join(facts), "$text-muted"))
    if collection.is_sandbox:
        second = Content.assemble(second, " ", ("sandbox", "$accent"))
    return Content.assemble(first, " " * gap, (age, "$text-muted"), "\n", second)


def status(collection: Collection, progress: Progressed | None, now: str) -> Content:
    """The live lines of one collection: state, counts, money, where it comes from."""
    look = collection_look(collection.state)
    seconds = clock.seconds_between(collection.created_at, collection.finished_at or now)
    head: list[Content] = [look.content()]
    if collection.phase and collection.phase != look.word:
        head.append(Content.styled(f"  {display_line(collection.phase, limit=40)}", "$text-muted"))
    if collection.is_sandbox:
        head += [Content("  "), sandbox_label()]
    lines = [Content.assemble(*head), Content("")]
    took = "took" if collection.finished_at else "for"
    lines.append(
        _facts(
            ("records", figures.count(collection.records)),
            ("errors", figures.count(collection.errors)),
            (took, figures.duration(seconds)),
            ("rate", figures.rate(collection.records, seconds, "records")),
        )
    )
    if collection.state.is_final:
        lines.append(
            _facts(
                ("new", figures.count(collection.new)),
                ("changed", figures.count(collection.changed)),
                ("duplicates", figures.count(collection.duplicates)),
                ("rejected", figures.count(collection.rejected)),
            )
        )
    elif progress is not None:
        lines.append(Content.styled(progress_words(progress), "$primary"))
    if _costs(collection):
        lines.append(
            _facts(
                ("estimated at most", figures.money(collection.estimated_cost)),
                ("charged", figures.money(collection.cost)),
            )
        )
    if collection.snapshot_id:
        lines.append(_facts(("snapshot", display_line(collection.snapshot_id, limit=40))))
    if collection.message:
        colour = "$error" if collection.state is CollectionState.FAILED else "$warning"
        lines += [Content(""), Content.styled(display(collection.message, limit=600), colour)]
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


def record_line(record: Record) -> Content:
    """One line: what the record is about, or what went wrong with it."""
    if record.kind is RecordKind.DATA:
        return Content.assemble((f"{GLYPHS.dot} ", "$text-muted"), title_of(record.fields))
    colour = "$error" if record.kind is RecordKind.ERROR else "$warning"
    words = first_text(record.fields, _ERROR_FIELDS) or title_of(record.fields)
    return Content.styled(f"{GLYPHS.failed} {words}", colour)


def title_of(fields: Mapping[str, object]) -> str:
    """The words by which a person recognises a record, on one line."""
    return first_text(fields, _TITLE_FIELDS) or first_text(fields, tuple(fields)) or "(no text)"


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


def _facts(*pairs: tuple[str, str]) -> Content:
    parts = [Content.assemble((f"{name} ", "$text-muted"), value) for name, value in pairs if value]
    return Content("   ").join(parts)
