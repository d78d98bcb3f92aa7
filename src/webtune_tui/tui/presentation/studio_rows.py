"""The studio's rows as lines: what the template built, where an answer is cut, and why a row is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.studio import StudioPreview, StudioRow
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.recipe_form import reason_words
from webtune_tui.tui.presentation.text_layout import StyledLine, fit, wrap

_ROLES = {"system": ("S", "section"), "user": ("U", "second"), "assistant": ("A", "accent")}
_MOST_LINES = 400  # of one text that is shown whole
_AFTER_CUT = 2  # lines of what a cut takes away


def studio_title(preview: StudioPreview, choice: str) -> str:
    """How many rows are shown, how they were chosen, and how many are refused."""
    rows = figures.count(len(preview.rows), "row")
    refused = f", {preview.refused} refused" if preview.refused else ", none refused"
    return f"{rows}: {choice} of {preview.pool:,}{refused}  {GLYPHS.dot} {preview.encoding}"


def studio_lines(rows: Sequence[StudioRow], width: int, *, lines_each: int) -> list[StyledLine]:
    """The rows one below the other; ``lines_each`` limits each text (0: all of it).

    A system text that stands in the row before too is not told again.
    """
    lines: list[StyledLine] = []
    told = None
    for row in rows:
        if lines:
            lines.append(StyledLine())
        system = next((message.content for message in row.messages if message.role == "system"), None)
        lines += list(_row_lines(row, width, lines_each or _MOST_LINES, with_system=system != told))
        told = system
    return lines


def _row_lines(row: StudioRow, width: int, lines_each: int, *, with_system: bool) -> Iterator[StyledLine]:
    title = display_line(row.title or f"record {row.record_id}", limit=300)
    note = reason_words(row.reason) if row.reason else _tokens(row)
    sign, style = (GLYPHS.failed, "warn") if row.reason else (GLYPHS.done, "good")
    room = max(width - 4 - len(note), 8)
    note_style = "warn" if row.reason or row.is_cut else "muted"
    yield StyledLine(((f"{sign} ", style), (fit(title, room), "title"), (f"  {note}", note_style)))
    if row.detail:
        yield StyledLine((("    ", ""), (fit(display_line(row.detail), max(width - 4, 4)), "warn")))
    last = len(row.messages) - 1
    for place, message in enumerate(row.messages):
        if message.role == "system" and not with_system:
            continue
        is_answer = place == last and message.role == "assistant"
        name, colour = _ROLES.get(message.role, ("T", "warn"))
        text = message.content
        if is_answer and row.is_cut and text.startswith(row.answer):
            yield from _cut_lines(row, text, width, lines_each)
            continue
        if is_answer and not row.reason:
            text = row.answer
        style = "muted" if message.role == "system" or row.reason else ""
        yield from _text_lines(name, colour, text or "(empty)", width, lines_each, style if text else "muted")
    if row.flags:
        words = "  ".join(display_line(flag, limit=40).replace("_", " ") for flag in row.flags)
        yield StyledLine((("    ", ""), (fit(words, max(width - 4, 4)), "flag")))


def _tokens(row: StudioRow) -> str:
    if row.tokens == row.tokens_built:
        return figures.count(row.tokens, "token")
    return f"{row.tokens_built:,} {GLYPHS.arrow} {figures.count(row.tokens, 'token')}"


def _text_lines(
    name: str, colour: str, text: str, width: int, lines_each: int, style: str = ""
) -> Iterator[StyledLine]:
    for index, line in enumerate(_head(text, max(width - 4, 4), lines_each)):
        yield StyledLine(((f"  {name if index == 0 else ' '} ", colour), (line, style)))


def _cut_lines(row: StudioRow, text: str, width: int, lines_each: int) -> Iterator[StyledLine]:
    """The end of what stays, the cut, and the beginning of what goes."""
    room = max(width - 4, 4)
    kept = list(wrap(display(row.answer[-room * _MOST_LINES :]), room))
    shown = kept if lines_each >= len(kept) else [*kept[: lines_each - 2], GLYPHS.ellipsis, kept[-1]]
    for index, line in enumerate(shown):
        yield StyledLine(((f"  {'A' if index == 0 else ' '} ", "accent"), (line, "")))
    taken = row.tokens_built - row.tokens
    words = f" cut here: {figures.count(taken, 'token')} go " if taken else " ends in mid-sentence "
    left = max((room - len(words)) // 2, 1)
    yield StyledLine((("    ", ""), (fit("╌" * left + words + "╌" * room, room), "warn")))
    gone = _head(text[len(row.answer) :].strip(), room, min(_AFTER_CUT, lines_each))
    yield from (StyledLine((("    ", ""), (line, "muted"))) for line in gone)


def _head(text: str, width: int, lines: int) -> list[str]:
    """The first lines of a text, with ``…`` at the end where there is more."""
    head = text[: width * (lines + 1)]
    wrapped = list(wrap(display(head), width))
    if len(wrapped) <= lines and len(head) == len(text):
        return wrapped
    kept = wrapped[:lines]
    last = kept[-1].rstrip()
    kept[-1] = fit(last + " …", min(len(last) + 2, width)) if last.isascii() else fit(last, width - 2).rstrip() + " …"
    return kept
