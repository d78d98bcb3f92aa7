"""What one step does to a sample: the counts, and rows of both sides with what changed word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webtune_tui.domain.datasets import DroppedRecord
from webtune_tui.domain.examples import Message
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.studio import StepPreview, StepSample
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.recipe_form import reason_words
from webtune_tui.tui.presentation.text_layout import Part, StyledLine, fit, wrap
from webtune_tui.tui.presentation.word_diff import changes, flowed

_SIGNS = {"system": ("S", "section"), "user": ("U", "second"), "assistant": ("A", "accent")}
_CROWDED = 2  # lines of a text, up to which a gap between two rows would cost more than it clears
_COPY = {"exact_duplicate": "Copy of", "near_duplicate": "Near-duplicate of", "shared_target": "Same answer as"}
_NO_PAIR = "It makes no pair: there is nothing to show or to bring back."
_MOST_CHARACTERS = 20_000  # of one text that is shown whole


def step_title(preview: StepPreview, width: int = 200, *, is_on: bool = True) -> str:
    """How many rows come to the step, go on, and go on changed."""
    gone = preview.rows_in - preview.rows_out
    words = f"{preview.rows_in:,} in {GLYPHS.arrow} {preview.rows_out:,} out"
    words = f"{words}, {gone:,} dropped, {preview.changed:,} changed"
    head = "Sample: " if is_on else "Off. It would do: "
    return head + words if width >= len(words) + len(head) else words if is_on else f"Off: {words}"


def step_lines(preview: StepPreview, width: int, *, lines_each: int) -> list[StyledLine]:
    """The dropped rows with their reasons, then the changed ones with what changed."""
    lines: list[StyledLine] = []
    if preview.findings:
        lines.append(StyledLine((("FOUND OVER THE SAMPLE", "section"),)))
        lines += [
            StyledLine(((fit("  " + display_line(one, limit=400), width), "second"),)) for one in preview.findings
        ]
    if preview.dropped:
        lines += [StyledLine()] if lines else []
        lines += [StyledLine((("DROPPED", "section"),)), *_samples(preview.dropped, width, lines_each)]
    if preview.altered:
        lines += [StyledLine()] if lines else []
        lines += [StyledLine((("CHANGED", "section"),)), *_samples(preview.altered, width, lines_each)]
    return lines or _told("No row of the sample is dropped or changed by it.", width)


def dropped_lines(
    record: DroppedRecord, kept: Sequence[Message], gone: Sequence[Message], width: int, *, cluster: int = 1
) -> list[StyledLine]:
    """What a dropped record would be; a duplicate against the one that stayed, with the words that differ.

    ``cluster`` counts the rows that went for the same one.
    """
    if not gone or not kept:
        heading = f"{reason_words(record.reason)}  {display_line(record.detail, limit=200)}"
        lines = [StyledLine(((fit(heading, max(width, 4)), "warn"),))]
        return [*lines, *(_texts(gone, width, 0) if gone else _told(_NO_PAIR, width))]
    beside = f" for {cluster:,} rows" if cluster > 1 else ""
    heading = f"{_COPY.get(record.reason, 'gone for')} {display_line(record.keeper_id, limit=40)}, which stays{beside}"
    lines = [StyledLine(((line, "warn"),)) for line in wrap(heading, width)]
    lines.append(StyledLine((("only in what stays", "bad"), ("   ", ""), ("only in this row", "good"))))
    return [
        *lines,
        *(list(_differences(kept, gone, width, 0)) or [StyledLine((("Word for word the same.", "muted"),))]),
    ]


def _told(words: str, width: int) -> list[StyledLine]:
    return [StyledLine(((line, "muted"),)) for line in wrap(words, width)]


def _samples(samples: Sequence[StepSample], width: int, lines_each: int) -> Iterator[StyledLine]:
    for number, sample in enumerate(samples):
        if number and lines_each > _CROWDED:
            yield StyledLine()
        title = display_line(sample.title or f"record {sample.record_id}", limit=300)
        note = reason_words(sample.reason) if sample.reason else ""
        room = max(width - 4 - len(note), 8)
        sign, style = (GLYPHS.failed, "warn") if sample.reason else (GLYPHS.done, "good")
        yield StyledLine(((f"{sign} ", style), (fit(title, room), "title"), (f"  {note}", "warn")))
        if sample.detail:
            yield StyledLine((("    ", ""), (fit(display_line(sample.detail), max(width - 4, 4)), "muted")))
        if sample.other:
            yield from _differences(sample.other, sample.before, width, lines_each)
        elif sample.after:
            yield from _differences(sample.before, sample.after, width, lines_each)
        else:
            yield from _texts(sample.before, width, lines_each)


def _differences(
    before: Sequence[Message], after: Sequence[Message], width: int, lines_each: int
) -> Iterator[StyledLine]:
    for place in range(max(len(before), len(after))):
        one = before[place] if place < len(before) else None
        other = after[place] if place < len(after) else None
        if one is not None and other is not None and one.content == other.content:
            continue
        role = (other or one or Message("tool", "")).role
        parts = changes(one.content if one else "", other.content if other else "")
        yield from _labelled(role, parts, width, lines_each)


def _texts(messages: Sequence[Message], width: int, lines_each: int) -> Iterator[StyledLine]:
    for message in messages:
        if message.role != "system":
            text = message.content[: width * (lines_each + 1)] if lines_each else message.content[:_MOST_CHARACTERS]
            words = display_line(text) or "(empty)"
            yield from _labelled(message.role, [(word + " ", "muted") for word in words.split(" ")], width, lines_each)


def _labelled(role: str, parts: Sequence[Part], width: int, lines_each: int) -> Iterator[StyledLine]:
    name, style = _SIGNS.get(role, ("T", "warn"))
    for number, line in enumerate(flowed(parts, width - 4, most=lines_each)):
        yield StyledLine(((f"  {name if number == 0 else ' '} ", style), *line.parts))
