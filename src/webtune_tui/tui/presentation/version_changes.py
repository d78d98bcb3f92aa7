"""How two versions differ: a line for each example, and the whole of one word by word."""

from __future__ import annotations

from collections.abc import Iterator

from webtune_tui.domain.edit_steps import ExampleChange
from webtune_tui.domain.examples import Message
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap
from webtune_tui.tui.presentation.word_diff import flowed

SIGNS = {"added": ("+", "good"), "removed": ("-", "bad"), "edited": ("~", "warn")}
_WORD_STYLES = {"same": "", "gone": "bad", "new": "good", "around": "muted", "left_out": "muted"}
_EXCERPT = 300


def change_title(change: ExampleChange) -> str:
    """The first words of the example's prompt, on one line."""
    messages = change.after or change.before
    prompt = next((one.content for one in reversed(messages) if one.role == "user"), "")
    return display_line(prompt[:_EXCERPT].strip() or change.example_id)


def change_lines(change: ExampleChange, width: int) -> list[StyledLine]:
    """What differs, in lines of a width."""
    sign, style = SIGNS[change.kind]
    name = display_line(change.example_id, limit=40)
    lines = [StyledLine(((f"{sign} {change.kind}", style), (f"  {name}", "muted"), *_split(change)))]
    if change.kind == "edited":
        for one in change.messages:
            heading = f"{display_line(one.role, limit=30)}  message {one.place + 1}"
            lines += [StyledLine(), StyledLine(((heading, "section"),))]
            parts = [(display_line(word.text), _WORD_STYLES[word.kind]) for word in one.words]
            lines += flowed(parts, width)
        return lines
    for message in change.after or change.before:
        lines += [StyledLine(), *_message(message, width, style)]
    return lines


def _split(change: ExampleChange) -> Iterator[tuple[str, str]]:
    if change.kind == "edited" and change.split_before != change.split_after:
        yield f"  {change.split_before} → {change.split_after}", "accent"
    elif split := change.split_after or change.split_before:
        yield f"  {split}", "muted"


def _message(message: Message, width: int, style: str) -> Iterator[StyledLine]:
    yield StyledLine(((display_line(message.role, limit=30), "section"),))
    for line in wrap(display(message.content, limit=20_000), width - 2):
        yield StyledLine(((line, style),))
