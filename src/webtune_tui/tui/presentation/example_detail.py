"""One example as the lines of a view: what is learned from it, its messages, flags, origin and history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rich.cells import cell_len

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.example_checks import ExampleCheck, Form
from webtune_tui.domain.examples import REJECTED, Example, Message, Split
from webtune_tui.domain.learning import Lesson, Part, lesson_of
from webtune_tui.domain.origins import DeletedRecord
from webtune_tui.domain.safe_json import safe_json
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.examples import ROLE_TITLES
from webtune_tui.tui.presentation.flag_words import flag_words
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.marked_diff import message_changes
from webtune_tui.tui.presentation.origins import deleted_lines, when
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap

_MOST_OF_A_CHANGE = 12  # lines of one message of one revision
_MOST_CHANGES = 50
_MOST_OF_AN_EXTRA = 20_000  # characters
_SHORT = {
    Part.LEARNED: (GLYPHS.active, "learned", "measured"),
    Part.HOSTED_ONLY: (GLYPHS.active, "hosted only", "hosted only"),
    Part.READ: (GLYPHS.todo, "read", "read"),
    Part.WEIGHT_ZERO: (GLYPHS.todo, "weight 0", "weight 0"),
    Part.UNREAD: (GLYPHS.todo, "unread", "unread"),
}
_ACTIONS = {"edit": "edited by hand", "replay": "edited by hand, replayed", "undo": "undone", "redo": "done again"}


@dataclass(frozen=True, slots=True)
class ExampleView:
    """An example and what is known of it so far. ``number`` is its place in the table, from 1.

    ``check`` and ``history`` come a little later; ``copies`` counts the records that were dropped for it.
    ``has_keys``: the keys of the table work where it is shown.
    """

    example: Example
    number: int
    origins: Sequence[RecordOrigin] = ()
    deleted: Sequence[DeletedRecord] = ()
    check: ExampleCheck | None = None
    history: Sequence[Form] = ()
    copies: int = 0
    has_keys: bool = True


def detail_lines(view: ExampleView, width: int) -> list[StyledLine]:
    """The whole example as wrapped lines. Takes time in proportion to the text: call it in a thread."""
    example, check = view.example, view.check
    lesson = lesson_of(example.messages)
    lines = [StyledLine(tuple(_heading(view))), *_lesson_lines(example, lesson, check, width)]
    for place, message in enumerate(example.messages):
        lines += [StyledLine(), *_message_lines(view, place, message, lesson.parts[place], width)]
    if example.flags:
        lines += [StyledLine(), _title("Flags"), *_flag_lines(example.flags, width)]
    if check is not None and check.remarks:
        lines += [StyledLine(), _title("Found"), *_remark_lines(check, width)]
    if view.has_keys or view.origins or view.deleted:
        beside = "o opens record, bytes, page" if view.has_keys else ""
        lines += [StyledLine(), _title("From", beside), *deleted_lines(view.deleted, width)]
        if view.origins or not view.deleted:
            lines += _origin_lines(view.origins, width)
    if view.copies:
        words = f"{figures.count(view.copies, 'duplicate')} dropped for it: c compares them"
        lines += [StyledLine(((line, "warn"),)) for line in wrap(words, width)]
    if len(view.history) > 1:
        lines += [StyledLine(), _title("Edits", "newest first"), *history_lines(view.history, width)]
    lines += [StyledLine(), StyledLine(((f"id {display_line(example.example_id)}", "muted"),))]
    return lines


def history_lines(history: Sequence[Form], width: int) -> list[StyledLine]:
    """What each revision changed in an example, the newest first, word by word."""
    lines: list[StyledLine] = []
    steps = list(pairwise(history))[-_MOST_CHANGES:]
    for before, after in reversed(steps):
        words = f"{when(after.at) if after.at else 'before'}  {_what(before, after)}"
        lines += [StyledLine(((line, "title"),)) for line in wrap(words, width)]
        if before.example is not None and after.example is not None:
            lines += message_changes(before.example.messages, after.example.messages, width, most=_MOST_OF_A_CHANGE)
    if len(history) - 1 > len(steps):
        lines.append(StyledLine(((f"… and {len(history) - 1 - len(steps):,} changes before", "muted"),)))
    return lines


def _what(before: Form, after: Form) -> str:
    action = _ACTIONS.get(after.action, display_line(after.action, limit=20))
    old, new = before.example, after.example
    if new is None:
        return f"{action}: dropped" if after.action in ("undo", "redo") else "dropped by hand"
    if old is None:
        return f"{action}: back" if after.action in ("undo", "redo") else "brought back"
    told = [action]
    if old.tokens != new.tokens:
        told.append(f"{old.tokens:,} {GLYPHS.arrow} {figures.count(new.tokens, 'token')}")
    if old.split != new.split:
        told.append(f"{old.split} {GLYPHS.arrow} {new.split}")
    if gone := [flag for flag in old.flags if flag not in new.flags]:
        told.append(f"no longer {', '.join(display_line(flag, limit=40) for flag in gone)}")
    if come := [flag for flag in new.flags if flag not in old.flags and flag != "edited"]:
        told.append(f"now {', '.join(display_line(flag, limit=40) for flag in come)}")
    return ", ".join(told)


def _heading(view: ExampleView) -> Iterator[tuple[str, str]]:
    example = view.example
    yield f"#{view.number:,}", "title"
    yield "  ", ""
    yield example.split.value, f"split-{example.split.value}"
    first = view.history[0].example if view.history else None
    before = f"{first.tokens:,} {GLYPHS.arrow} " if first is not None and first.tokens != example.tokens else ""
    yield f"  {before}{figures.count(example.tokens, 'token')}", "muted"


def _title(text: str, note: str = "") -> StyledLine:
    return StyledLine(((text.upper(), "section"), (f"  {note}" if note else "", "muted")))


# What is learned


def _lesson_lines(example: Example, lesson: Lesson, check: ExampleCheck | None, width: int) -> Iterator[StyledLine]:
    for words, style in _lesson_words(example, lesson, check):
        yield from (StyledLine(((line, style),)) for line in wrap(words, width))


def _lesson_words(example: Example, lesson: Lesson, check: ExampleCheck | None) -> Iterator[tuple[str, str]]:
    if not lesson.locally and not lesson.hosted:
        yield "Nothing is learned from it: there is no answer that carries loss.", "warn"
        return
    verb = "Learned" if example.split is Split.TRAIN else "Measured, never learned"
    places = lesson.locally or lesson.hosted
    what = figures.count(len(places), "answer")
    if check is not None and len(check.tokens) == len(lesson.parts):
        learned = sum(check.tokens[place] for place in places)
        what += f", {learned:,} of {check.total:,} tokens"
    signs = f"marked {GLYPHS.active} and █" if GLYPHS.active != "*" else "marked * and #"
    yield f"{verb}: {what}, {signs}; the rest is read.", "good" if example.split is Split.TRAIN else "muted"
    if lesson.hosted != lesson.locally:
        yield (
            (
                f"Hosted providers learn {figures.count(len(lesson.hosted), 'answer')}, the local trainer "
                f"{len(lesson.locally)}: it learns the last one, and earlier ones only with weight 1."
            ),
            "muted",
        )


def part_words(part: Part, split: Split = Split.TRAIN, *, is_short: bool = False) -> str:
    """What training makes of a turn, behind its sign; ``is_short`` where the line has no room."""
    if is_short:
        sign, learned, measured = _SHORT[part]
        return f"{sign} {learned if split is Split.TRAIN else measured}"
    if part is Part.LEARNED:
        words = "the model learns this" if split is Split.TRAIN else "the loss is measured on this"
        return f"{GLYPHS.active} {words}"
    return {
        Part.HOSTED_ONLY: f"{GLYPHS.active} learned by hosted providers alone",
        Part.READ: f"{GLYPHS.todo} read",
        Part.WEIGHT_ZERO: f"{GLYPHS.todo} weight 0: read, not trained on",
        Part.UNREAD: f"{GLYPHS.todo} behind the last answer: teaches nothing",
    }[part]


def _message_lines(view: ExampleView, place: int, message: Message, part: Part, width: int) -> Iterator[StyledLine]:
    role = message.role if message.role in ROLE_TITLES else "tool"
    name = ROLE_TITLES.get(message.role) or display_line(message.role or "no role", limit=30)
    is_learned = part in (Part.LEARNED, Part.HOSTED_ONLY)
    parts = [(name, f"role-{role}")]
    if view.check is not None and place < len(view.check.tokens):
        parts.append((f"  {figures.count(view.check.tokens[place], 'token')}", "muted"))
    told = part_words(part, view.example.split)
    if sum(cell_len(words) for words, _ in parts) + cell_len(told) + 4 > width:  # the bar and a gap stand before it
        told = part_words(part, view.example.split, is_short=True)
    parts.append((f"  {told}", "good" if is_learned else "muted"))
    yield StyledLine(tuple(parts), bar=role, is_marked=is_learned)
    for line in wrap(display(message.content), width - 2) if message.content else ():
        yield StyledLine(((line, ""),), bar=role, is_marked=is_learned)
    if not message.content:
        yield StyledLine((("(empty)", "muted"),), bar=role, is_marked=is_learned)
    for line in _extra_lines(message.extra, width - 2):
        yield StyledLine(((line, "warn"),), bar=role)


def _extra_lines(extra: Mapping[str, Any], width: int) -> Iterator[str]:
    for key, value in extra.items():
        name = "rejected answer" if key == REJECTED else display_line(key, limit=60)
        text = value if isinstance(value, str) else safe_json(value)
        yield from wrap(f"{name}: {display(text, limit=_MOST_OF_AN_EXTRA)}", width)


# Flags, remarks, origin


def _flag_lines(flags: Sequence[str], width: int) -> Iterator[StyledLine]:
    indent = min(18, max(len(flag) for flag in flags) + 2)
    for flag in flags:
        name = display_line(flag, limit=indent - 2).ljust(indent)
        for index, line in enumerate(wrap(flag_words(flag), max(width - indent, 12))):
            yield StyledLine(((name if index == 0 else " " * indent, "flag"), (line, "muted")))


def _remark_lines(check: ExampleCheck, width: int) -> Iterator[StyledLine]:
    for one in check.remarks:
        where = f"message {one.place + 1}: " if one.place is not None else ""
        sign, style = (GLYPHS.failed, "bad") if one.is_error else (GLYPHS.attention, "warn")
        for number, line in enumerate(wrap(f"{where}{display_line(one.words, limit=400)}", max(width - 2, 12))):
            yield StyledLine(((f"{sign} " if number == 0 else "  ", style), (line, "")))


def _origin_lines(origins: Sequence[RecordOrigin], width: int) -> Iterator[StyledLine]:
    if not origins:
        yield StyledLine((("no record is known", "muted"),))
    for origin in origins:
        place = f"record {origin.position:,} of {display_line(origin.collection_id, limit=60)}"
        yield from (StyledLine(((line, ""),)) for line in wrap(place, width))
        if origin.collected_at:
            yield StyledLine(((f"collected {when(origin.collected_at)}", "muted"),))
        if origin.url:
            for line in wrap(display_line(origin.url, limit=2000), width):
                yield StyledLine(((line, "link"),))
        if origin.raw_path:
            for line in wrap(display_line(origin.raw_path, limit=2000), width):
                yield StyledLine(((line, "muted"),))
