"""Training examples as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webtune_tui.domain.examples import Example, Split
from webtune_tui.domain.terminal_text import display_line

EXCERPT = 400
"""Characters of a prompt or answer that a table row keeps; no terminal line shows more."""

_CONTEXT = 5
_SHORTEST_LEAD = 12
_LONGEST_LEAD = 2000

ROLE_TITLES = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """What the table keeps of an example: one line each of prompt and answer, safe to show.

    ``number`` is its place in the version from 1, or 0 where nobody said it.
    """

    example_id: str
    split: str
    tokens: int
    prompt: str
    answer: str
    flags: tuple[str, ...]
    source: str = ""
    number: int = 0


def row_of(example: Example, needle: str = "", lead: str = "", number: int = 0) -> ExampleRow:
    """The row of an example; the texts begin near the searched words when these lie far in.

    ``lead`` is the beginning that the template gives to every prompt: it is left out, for it tells nothing.
    """
    prompt = example.prompt
    is_hit = bool(needle) and needle.casefold() in prompt.casefold()
    if lead and not is_hit and prompt.startswith(lead) and len(prompt) > len(lead):
        shown = "…" + excerpt(prompt[len(lead) :])
    else:
        shown = excerpt(prompt, needle)
    return ExampleRow(
        example_id=example.example_id,
        split=example.split.value,
        tokens=example.tokens,
        prompt=shown,
        answer=excerpt(example.answer, needle),
        flags=tuple(display_line(flag, limit=40) for flag in example.flags),
        source=display_line(example.source, limit=60),
        number=number,
    )


def common_lead(prompts: Sequence[str]) -> str:
    """The words with which all these prompts begin, where that is more than a few."""
    if len(prompts) < 3:
        return ""
    first, last = min(prompts)[:_LONGEST_LEAD], max(prompts)
    length = next((n for n, character in enumerate(first) if last[n : n + 1] != character), len(first))
    shared = first[:length]
    end = max(shared.rfind(" "), shared.rfind("\n")) + 1
    return shared[:end] if end >= _SHORTEST_LEAD else ""


def excerpt(text: str, needle: str = "") -> str:
    """One safe line of a text; where ``needle`` stands far in, the part around it."""
    start = 0
    if needle:
        place = text.casefold().find(needle.casefold())
        start = max(0, place - _CONTEXT) if place > 2 * _CONTEXT else 0
    lead = "…" if start else ""
    return lead + display_line(text[start : start + EXCERPT].strip())


def split_word(split: str) -> str:
    """The split in at most five letters."""
    return "valid" if split == Split.VALIDATION else split
