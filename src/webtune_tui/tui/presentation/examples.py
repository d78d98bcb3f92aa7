"""Training examples as rows of a table and as the lines of a detail view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.origins import DeletedRecord
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.origins import deleted_lines, when
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap

EXCERPT = 400
"""Characters of a prompt or answer that a table row keeps; no terminal line shows more."""

_CONTEXT = 5
_SHORTEST_LEAD = 12
_LONGEST_LEAD = 2000

FLAG_WORDS = {
    "edited": "Changed by hand; the edit is a step of the recipe and can be undone.",
    "cut": "The answer was cut: at a sentence end to fit the token budget, or by its source already.",
    "copied-prompt": "Most of the answer stands in the prompt already.",
    "language-unknown": "Too short or too unclear to tell its language.",
    "redacted": "Personal data was replaced by placeholders.",
    "near-duplicate": "Other records say almost the same; this one was kept.",
    "shared-target": "Other prompts have the same answer; this one was kept.",
    "invents": "The answer holds facts that the prompt does not give: it may teach the model to invent.",
    "long": "Longer than the token budget.",
    "short": "Very little text to learn from.",
    "language": "The language is not the one of most examples.",
    "special-token": "Holds words that a chat template reserves; they were neutralised.",
    "invisible": "Invisible or direction-changing characters were found.",
}

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


def flag_words(flag: str) -> str:
    """What a flag means, in a sentence."""
    name = flag.replace("_", "-").partition(":")[0]
    return FLAG_WORDS.get(name, f"{display_line(flag).replace('-', ' ').replace('_', ' ').capitalize()}.")


def detail_lines(
    example: Example,
    origins: Sequence[RecordOrigin],
    *,
    number: int,
    width: int,
    deleted: Sequence[DeletedRecord] = (),
) -> list[StyledLine]:
    """The whole example as wrapped lines: messages by role, flags in words, and where it comes from.

    Takes time in proportion to the text: call it in a thread.
    """
    lines = [StyledLine(tuple(_heading(example, number)))]
    for message in example.messages:
        lines += [StyledLine(), *_message_lines(message, width)]
    if example.flags:
        lines += [StyledLine(), _title("Flags"), *_flag_lines(example.flags, width)]
    lines += [StyledLine(), _title("From"), *deleted_lines(deleted, width)]
    if origins or not deleted:
        lines += _origin_lines(origins, width)
    lines += [StyledLine(), StyledLine(((f"id {display_line(example.example_id)}", "muted"),))]
    return lines


def _heading(example: Example, number: int) -> Iterator[tuple[str, str]]:
    yield f"#{number:,}", "title"
    yield "  ", ""
    yield example.split.value, f"split-{example.split.value}"
    yield f"  {figures.count(example.tokens, 'token')}", "muted"


def _title(text: str) -> StyledLine:
    return StyledLine(((text.upper(), "section"),))


def _message_lines(message: Message, width: int) -> Iterator[StyledLine]:
    known = message.role in ROLE_TITLES
    role = message.role if known else "tool"
    name = ROLE_TITLES[message.role] if known else display_line(message.role or "no role", limit=30)
    parts = [(name, f"role-{role}")]
    if note := _message_note(message):
        parts.append((f"  {note}", "muted"))
    yield StyledLine(tuple(parts), bar=role)
    if not message.content:
        yield StyledLine((("(empty)", "muted"),), bar=role)
        return
    for line in wrap(display(message.content), width - 2):
        yield StyledLine(((line, ""),), bar=role)


def _message_note(message: Message) -> str:
    if message.role != "assistant":
        return ""
    if message.weight == 0:
        return "not trained on"
    return "the model learns this"


def _flag_lines(flags: Sequence[str], width: int) -> Iterator[StyledLine]:
    indent = min(18, max(len(flag) for flag in flags) + 2)
    for flag in flags:
        name = display_line(flag, limit=indent - 2).ljust(indent)
        for index, line in enumerate(wrap(flag_words(flag), max(width - indent, 12))):
            yield StyledLine(((name if index == 0 else " " * indent, "flag"), (line, "muted")))


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
