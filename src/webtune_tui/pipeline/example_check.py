"""What a provider or a careful reader would say of one example while it is edited. Pure; linear in the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from webtune_tui.domain.example_checks import ExampleCheck, Remark, TokenLimits
from webtune_tui.domain.examples import REJECTED, Message, chat_row
from webtune_tui.domain.learning import lesson_of
from webtune_tui.pipeline.cleaning.hidden import without_hidden
from webtune_tui.pipeline.tokens import TokenCounter, overhead
from webtune_tui.pipeline.validation import personal
from webtune_tui.pipeline.validation.chat_checks import errors_of, warnings_of
from webtune_tui.pipeline.validation.forms import OPENAI

_PLACE = re.compile(r"messages\[([0-9]{1,6})\]:? ?")
_HIDDEN_WORDS = {
    "control": "control character", "bidi": "direction mark", "zero_width": "zero-width character",
    "tag": "hidden tag character", "variation": "stray variation selector", "private_use": "private-use character",
    "surrogate": "lone surrogate", "noncharacter": "noncharacter", "ansi": "terminal sequence",
}  # fmt: skip
_WORDS = {"missing_content": "it has no text: a provider refuses an empty message"}


def counted(messages: Sequence[Message], counter: TokenCounter) -> ExampleCheck:
    """The tokens alone."""
    texts = [_all_text(one) for one in messages]
    tokens = tuple(counter.count(texts)) if texts else ()
    return ExampleCheck(tokens, sum(tokens) + overhead(messages), counter.encoding)


def check(messages: Sequence[Message], counter: TokenCounter, limits: TokenLimits) -> ExampleCheck:
    """The tokens, and what is wrong or odd: refusals first, each message's own beside it."""
    told = counted(messages, counter)
    remarks = [*_refusals(messages), *_length(told.total, limits)]
    for place, message in enumerate(messages):
        remarks += _of_text(message, place)
    return ExampleCheck(told.tokens, told.total, told.encoding, tuple(remarks))


def _refusals(messages: Sequence[Message]) -> Iterator[Remark]:
    row = chat_row([_without_own_keys(one) for one in messages])
    faults = list(errors_of(row, OPENAI))
    for code, words in faults:
        place, rest = _placed(words)
        yield Remark(code, _WORDS.get(code, rest) if place is not None else rest, place, is_error=True)
    if not faults:
        for code, words in warnings_of(row, OPENAI):
            yield Remark(code, words)
    elif not lesson_of(messages).hosted and any(one.role == "assistant" for one in messages):
        yield Remark("nothing_to_learn", "Every answer has the weight 0")


def _without_own_keys(message: Message) -> Message:
    """As it is exported: the rejected answer of a pair is a row of its own there."""
    if REJECTED not in message.extra:
        return message
    extra = {key: value for key, value in message.extra.items() if key != REJECTED}
    return Message(message.role, message.content, message.weight, extra)


def _placed(words: str) -> tuple[int | None, str]:
    match = _PLACE.match(words)
    return (int(match.group(1)), words[match.end() :]) if match else (None, words)


def _length(total: int, limits: TokenLimits) -> Iterator[Remark]:
    if limits.context is not None and total > limits.context:
        base = limits.base or "the base"
        yield Remark("too_long", f"{total:,} tokens: {base} reads at most {limits.context:,}", is_error=True)
    elif limits.budget is not None and total > limits.budget:
        yield Remark("over_budget", f"{total:,} tokens: the recipe's budget is {limits.budget:,}")
    if limits.trained is not None and total > limits.trained:
        words = f"training here reads the first {limits.trained:,} tokens and cuts the rest: raise sequence_length"
        yield Remark("cut_in_training", words)


def _of_text(message: Message, place: int) -> Iterator[Remark]:
    hidden: Counter[str] = Counter()
    without_hidden(message.content, hidden)
    if hidden:
        told = ", ".join(
            f"{number:,} {_plural(_HIDDEN_WORDS.get(kind, kind), number)}" for kind, number in hidden.items()
        )
        yield Remark("hidden", f"{told}, shown as symbols and kept as they are", place)
    if found := personal.counts_in([[message]]):
        told = ", ".join(f"{number:,} {kind}" for kind, number in sorted(found.items()))
        yield Remark("personal_data", f"personal data or a secret: {told}", place)


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _all_text(message: Message) -> str:
    calls = message.extra.get("tool_calls")
    return f"{message.content}{calls}" if calls else message.content
