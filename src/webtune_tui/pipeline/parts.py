"""One record, several examples: long answers in chunks, long dialogues in windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import ALWAYS, WHERE_NEEDED, BuildPlan
from webtune_tui.pipeline.chunks import Chunk, chunked
from webtune_tui.pipeline.question_forms import FORMS, QuestionForms
from webtune_tui.pipeline.questions import DEFAULT_LANGUAGE, forms_of
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.pipeline.wording import is_same_wording

_SEPARATOR = " › "


def parted(
    conversations: Sequence[Conversation], plan: BuildPlan, counter: TokenCounter, *, is_written: bool
) -> Sequence[Conversation]:
    """The conversations with those that are longer than the plan's chunks parted; in order.

    Rows that were written as examples (``is_written``) stay as they are.
    """
    if not plan.chunk_tokens or is_written:
        return conversations
    return [part for one in conversations for part in _parts(one, plan, counter)]


def _parts(conversation: Conversation, plan: BuildPlan, counter: TokenCounter) -> Sequence[Conversation]:
    answers = [message for message in conversation.messages if message.role == "assistant"]
    if len(answers) > 1:
        return _windows(conversation, plan, counter)
    if not answers or conversation.messages[-1] is not answers[0]:
        return [conversation]
    chunks = chunked(answers[0].content, plan.chunk_tokens, counter, overlap=plan.chunk_overlap)
    told = [chunk for chunk in chunks if chunk.text.strip()]
    if len(told) < 2:
        return [conversation]
    # the prompt's own words are English unless it is a question in the text's language
    forms = forms_of("", answers[0].content) if plan.asks else FORMS[DEFAULT_LANGUAGE]
    headings = [_own_headings(conversation, chunk) for chunk in told]
    numbers = _numbers(headings, plan.chunk_numbers)
    return [
        _asking_for(conversation, chunk, own, number, forms)
        for chunk, own, number in zip(told, headings, numbers, strict=True)
    ]


def _own_headings(whole: Conversation, chunk: Chunk) -> tuple[str, ...]:
    """The headings above a chunk that the prompt does not name already."""
    return tuple(heading for heading in chunk.headings if not any(is_same_wording(heading, v) for v in whole.values))


def _numbers(headings: Sequence[tuple[str, ...]], wanted: str) -> Sequence[tuple[int, int] | None]:
    """For each chunk its number and of how many: in the document, or in its section where several chunks share one."""
    if wanted != WHERE_NEEDED:
        return [(number, len(headings)) if wanted == ALWAYS else None for number in range(1, len(headings) + 1)]
    counts, seen = Counter(headings), Counter[tuple[str, ...]]()
    numbers: list[tuple[int, int] | None] = []
    for section in headings:
        seen[section] += 1
        numbers.append((seen[section], counts[section]) if counts[section] > 1 else None)
    return numbers


def _asking_for(
    whole: Conversation, chunk: Chunk, headings: tuple[str, ...], place: tuple[int, int] | None, forms: QuestionForms
) -> Conversation:
    """The conversation about one chunk: its prompt names the section, and the number where that is wanted."""
    lines = [forms.section.format(heading=_SEPARATOR.join(headings))] if headings else []
    lines += [forms.part.format(number=place[0], count=place[1])] if place else []
    messages = list(whole.messages)
    asked = max((at for at, message in enumerate(messages) if message.role == "user"), default=-1)
    if asked >= 0 and lines:
        messages[asked] = replace(messages[asked], content="\n".join([messages[asked].content, *lines]))
    messages[-1] = replace(messages[-1], content=chunk.whole)
    return Conversation(tuple(messages), (*whole.values, *headings))


def _windows(conversation: Conversation, plan: BuildPlan, counter: TokenCounter) -> Sequence[Conversation]:
    """The dialogue in windows of whole exchanges, each within the chunk's tokens where its exchanges are.

    The overlap is the last exchanges of the window before, whose answers have weight 0: they are read, not learned
    again.
    """
    counts = counter.count([message.content for message in conversation.messages])
    if sum(counts) <= plan.chunk_tokens:
        return [conversation]
    opening, exchanges = _exchanges(conversation.messages, counts)
    room = max(plan.chunk_tokens - sum(tokens for _, tokens in opening), 1)
    windows: list[Conversation] = []
    begin = 0
    while begin < len(exchanges):
        total, end = 0, begin
        back = _overlapping(exchanges, begin, min(plan.chunk_overlap, room // 2)) if begin else 0
        total = sum(_size(exchanges[at]) for at in range(begin - back, begin))
        if total + _size(exchanges[begin]) > room:
            back = total = 0
        while end < len(exchanges) and (end == begin or total + _size(exchanges[end]) <= room):
            total += _size(exchanges[end])
            end += 1
        repeated = [_read_only(message) for at in range(begin - back, begin) for message, _ in exchanges[at]]
        learned = [message for at in range(begin, end) for message, _ in exchanges[at]]
        messages = (*(message for message, _ in opening), *repeated, *learned)
        values = (*_outside(conversation), *(m.content for m in messages if m.role == "user" and m.content))
        windows.append(Conversation(messages, tuple(dict.fromkeys(values))))
        begin = end
    return windows


_Counted = tuple[Message, int]


def _exchanges(messages: Sequence[Message], counts: Sequence[int]) -> tuple[list[_Counted], list[list[_Counted]]]:
    """What stands before the first prompt, and each prompt with what answers it."""
    opening: list[_Counted] = []
    exchanges: list[list[_Counted]] = []
    for message, tokens in zip(messages, counts, strict=True):
        if message.role == "user" and (not exchanges or exchanges[-1][-1][0].role != "user"):
            exchanges.append([])
        (exchanges[-1] if exchanges else opening).append((message, tokens))
    return opening, exchanges


def _overlapping(exchanges: Sequence[list[_Counted]], begin: int, most: int) -> int:
    """How many of the exchanges before ``begin`` fit into the overlap."""
    total = 0
    for back in range(1, begin + 1):
        total += _size(exchanges[begin - back])
        if total > most:
            return back - 1
    return begin


def _size(exchange: Sequence[_Counted]) -> int:
    return sum(tokens for _, tokens in exchange)


def _read_only(message: Message) -> Message:
    return replace(message, weight=0) if message.role == "assistant" else message


def _outside(conversation: Conversation) -> Sequence[str]:
    """The values that stand in no message of the user, such as a title in the system message."""
    asked = {message.content for message in conversation.messages if message.role == "user"}
    return [value for value in conversation.values if value not in asked]
