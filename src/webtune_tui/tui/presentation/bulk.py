"""What an edit of many examples would do and did, in words and as samples word by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from webtune_tui.domain.edit_steps import EditPreview, EditResult, EditSample
from webtune_tui.domain.examples import Example, Message
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.restoring import reasons_words
from webtune_tui.tui.presentation.text_layout import StyledLine, fit
from webtune_tui.tui.presentation.word_diff import changes, flowed

_MOST_LINES = 6  # of one message


def preview_words(preview: EditPreview, seconds: float) -> str:
    """How many examples and places would change, and how far it was looked."""
    if preview.refusal:
        return preview.refusal
    examples = figures.count(preview.met, "example")
    if not preview.is_complete:
        looked = f"the first {preview.looked_at:,} of {examples} in {seconds:g} s"
        words = f"{preview.changed:,} would change among {looked}; applying takes all"
    else:
        words = f"{preview.changed:,} of {examples} would change"
    if preview.occurrences:
        words += f", in {figures.count(preview.occurrences, 'place')}"
    return f"{words}; {preview.left:,} don't fit and stay{_reasons(preview.reasons)}" if preview.left else words


def done_words(result: EditResult) -> str:
    """What an edit did, and how it is undone."""
    if not result.count and not result.waiting:
        return f"{result.words or 'Nothing changed'}: all is as it was{_reasons(result.reasons)}"
    words = result.words
    if result.left:
        words += f"  ·  {result.left:,} did not fit and stayed{_reasons(result.reasons)}"
    return f"{words}  ·  z undoes it"


def _reasons(reasons: Mapping[str, int]) -> str:
    return f" ({reasons_words(reasons)})" if reasons else ""


def sample_lines(samples: Sequence[EditSample], width: int) -> list[StyledLine]:
    """Examples as they are and as they would be, changed words alone."""
    lines: list[StyledLine] = []
    for sample in samples:
        lines += [*([StyledLine()] if lines else []), *_sample(sample, width)]
    return lines


def _sample(sample: EditSample, width: int) -> Iterator[StyledLine]:
    before, after = sample.before, sample.after
    name = fit(display_line(before.example_id, limit=40), min(24, width))
    if not after:
        yield StyledLine(((f"{name.rstrip()}  goes", "bad"),))
        yield StyledLine(((fit(display_line(before.prompt, limit=400), width), "muted"),))
        return
    yield StyledLine(((name.rstrip(), "section"), *((f"  {note}", "accent") for note in _notes(before, after))))
    if before.messages != after[0].messages:
        yield from message_changes(before.messages, after[0].messages, width)
    else:
        yield StyledLine(((fit(display_line(before.prompt, limit=400), width), "muted"),))


def _notes(before: Example, after: Sequence[Example]) -> Iterator[str]:
    """What changes beside the texts."""
    if len(after) > 1:
        yield f"becomes {len(after)} examples"
    if before.split is not after[0].split:
        yield f"{before.split.value} → {after[0].split.value}"
    came = [one for one in after[0].flags if one not in before.flags]
    went = [one for one in before.flags if one not in after[0].flags]
    for sign, flags in (("+", came), ("-", went)):
        for flag in flags:
            yield f"{sign}{display_line(flag, limit=50)}"


def message_changes(before: Sequence[Message], after: Sequence[Message], width: int) -> Iterator[StyledLine]:
    """The messages that differ, word by word."""
    for old, new in zip_longest(*_beside(before, after)):
        if old == new or not (old or new):
            continue
        role = display_line(new.role if new else old.role if old else "", limit=30)
        text = changes(old.content if old else "", new.content if new else "")
        if old and new and old.role != new.role:
            role = f"{display_line(old.role, limit=30)} → {role}"
        if old and new and old.weight != new.weight:
            role += f"  weight {old.weight if old.weight is not None else 1} → "
            role += str(new.weight if new.weight is not None else 1)
        yield StyledLine(((role, "section"),))
        yield from flowed(text, width, most=_MOST_LINES)


def _beside(before: Sequence[Message], after: Sequence[Message]) -> tuple[Sequence[Message | None], ...]:
    """Both sides with a gap where only the other one begins with a system message."""
    begins = [bool(side) and side[0].role == "system" for side in (before, after)]
    return tuple(
        [None, *side] if any(begins) and not has_one else side
        for side, has_one in zip((before, after), begins, strict=True)
    )
