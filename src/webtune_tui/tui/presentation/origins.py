"""A record's origin as lines: its fields, its raw bytes, its page, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.content import Content

from webtune_tui.domain.origins import DeletedRecord, Origin, PageText, RawPiece, RawState, RecordSource, RecordUses
from webtune_tui.domain.records import Record
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import record_json, title_of
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap

_URL_LIMIT = 8_000


def fields_lines(record: Record, source: RecordSource | None, width: int) -> list[StyledLine]:
    """Provenance on top, the fields as JSON below. Takes time in proportion to the text: call it in a thread."""
    lines = [_line(f"{record.kind} record {record.position:,} of {display_line(record.collection_id, limit=60)}")]
    if source is not None and source.collection.label:
        lines += _wrapped(display_line(source.collection.label, limit=200), width, "muted")
    if record.url:
        lines += _wrapped(display_line(record.url, limit=_URL_LIMIT), width, "link")
    if record.collected_at:
        lines.append(_line(f"collected {when(record.collected_at)}", "muted"))
    if source is not None:
        lines += _place_lines(source.raw, width)
        for one in source.also_in[:5]:
            words = f"also record {one.position:,} of {display_line(one.collection_id, limit=60)}"
            lines += _wrapped(words, width, "muted")
    return [*lines, StyledLine(), *_wrapped(record_json(record), width)]


def raw_lines(raw: RawPiece, width: int) -> list[StyledLine]:
    """The raw bytes as text, with where they lie and whether they are what was downloaded."""
    lines = [*_place_lines(raw, width), StyledLine()]
    if not raw.data:
        return [*lines, _line("There are no bytes to show.", "muted")]
    lines += _wrapped(display(raw.text), width)
    if raw.is_cut:
        cut = f"the first {figures.size(len(raw.data))} of {figures.size(raw.size)}"
        lines += [StyledLine(), _line(f"… {cut}; webtune collect show ID --record N shows the same", "muted")]
    return lines


def page_lines(page: PageText, width: int) -> list[StyledLine]:
    """The words of a page."""
    lines = [*_wrapped(f"{display_line(page.path, limit=2000)}  {figures.size(page.size)}", width, "muted")]
    lines += [StyledLine(), *_wrapped(display(page.text), width)]
    if page.is_cut:
        lines += [StyledLine(), _line("… the page goes on", "muted")]
    return lines


def use_rows(uses: RecordUses) -> Iterator[tuple[str, Content]]:
    """What was made of a record, as (what enter opens, words); the first is empty where nothing opens."""
    if not uses.dataset_version:
        yield "", _muted("There is no dataset yet.")
    elif uses.total:
        more = f", the first {len(uses.examples):,}" if uses.total > len(uses.examples) else ""
        yield "", _muted(f"{figures.count(uses.total, 'example')} of {uses.dataset_version}{more}  ·  enter goes there")
    else:
        reason = f": {display_line(uses.dropped).replace('_', ' ')}" if uses.dropped else ""
        yield "", _muted(f"No example of {uses.dataset_version} was made of it{reason}.")
    for example in uses.examples:
        words = Content.assemble(
            (f"{GLYPHS.dot} {example.split:<11}", "$text-muted"), display_line(example.excerpt, limit=200)
        )
        yield f"example {example.example_id}", words
    for name, versions in (("newer", uses.newer), ("older", uses.older)):
        for one in versions:
            place = f"record {one.position:,} of {display_line(one.collection_id, limit=40)}"
            collected = f"  {when(one.collected_at)}" if one.collected_at else ""
            yield f"record {one.record_id}", Content.assemble((f"  {name:<11}", "$text-muted"), place, collected)
    for seen in uses.also_in:
        place = f"record {seen.position:,} of {display_line(seen.collection_id, limit=40)}"
        label = f"  {display_line(seen.label, limit=60)}"
        yield (
            f"collection {seen.collection_id}",
            Content.assemble(("  also in    ", "$text-muted"), place, (label, "$text-muted")),
        )


def origin_row(origin: Origin) -> Content:
    """One record behind an example: two lines."""
    if isinstance(origin, DeletedRecord):
        label = f" ({display_line(origin.label, limit=60)})" if origin.label else ""
        first = Content.styled(f"{GLYPHS.failed} {display_line(origin.words, limit=160)}{label}", "$warning")
        day = f"  on {when(origin.deleted_at)}" if origin.deleted_at else "  nothing more is known of it"
        return Content.assemble(first, "\n", (day, "$text-muted"))
    record = origin.record
    place = f"  record {record.position:,} of {display_line(record.collection_id, limit=40)}"
    url = f"  {display_line(record.url, limit=300)}" if record.url else ""
    return Content.assemble(f"{GLYPHS.dot} {title_of(record.fields)}", "\n", (place + url, "$text-muted"))


def deleted_lines(deleted: Sequence[DeletedRecord], width: int) -> Iterator[StyledLine]:
    """Records behind an example that are gone."""
    for one in deleted:
        label = f" ({display_line(one.label, limit=60)})" if one.label else ""
        yield from _wrapped(f"{display_line(one.words, limit=200)}{label}", width, "warn")


def when(moment: str) -> str:
    """A time of a record; as the source wrote it where it is no time."""
    try:
        return figures.local_date(moment)
    except ValueError:
        return display_line(moment, limit=40)


def _place_lines(raw: RawPiece, width: int) -> Iterator[StyledLine]:
    if raw.path is not None:
        words = display_line(raw.path, limit=2000)
        if raw.place.line is not None:
            words += f", line {raw.place.line:,}"
        if raw.place.start is not None and raw.place.length is not None:
            words += f", {figures.count(raw.place.length, 'byte')} from {raw.place.start:,}"
        yield from _wrapped(words, width, "muted")
    if raw.note:
        style = "muted" if raw.state is RawState.UNMARKED else "warn"
        yield from _wrapped(display_line(raw.note, limit=400), width, style)


def _wrapped(text: str, width: int, style: str = "") -> Iterator[StyledLine]:
    return (StyledLine(((line, style),)) for line in wrap(text, width))


def _line(text: str, style: str = "") -> StyledLine:
    return StyledLine(((text, style),))


def _muted(text: str) -> Content:
    return Content.styled(text, "$text-muted")
