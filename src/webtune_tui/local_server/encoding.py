"""Chat examples to tokens: one way for training, for validation and for the loss of held-out examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

IGNORED = -100
"""The label of a token that is read but not learned."""

_TEMPLATE_KEYS = ("role", "content", "name", "tool_calls", "tool_call_id")


class Tokenizer(Protocol):
    """The part of a transformers tokenizer that is used here."""

    eos_token_id: int | None

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any:
        """Render messages as text."""

    def encode(self, text: str, **options: Any) -> list[int]:
        """Turn text into token ids."""

    def decode(self, token_ids: Any, **options: Any) -> Any:
        """Turn token ids into text."""


@dataclass(frozen=True)
class EncodedExample:
    """Token ids and labels of the same length; labels are `IGNORED` outside the answers."""

    input_ids: list[int]
    labels: list[int]
    is_cut: bool

    @property
    def answer_tokens(self) -> int:
        """Return how many tokens are learned or scored (the first token is never predicted)."""
        return sum(label != IGNORED for label in self.labels[1:])


class ExampleEncoder:
    """Renders with the tokenizer's chat template and labels the answers.

    Prompt and answer are tokenized apart, as they are when the model answers. An answer ends with its
    end-of-turn token, so that the model learns to stop; white space after it is left out.
    """

    def __init__(self, tokenizer: Tokenizer, stop_ids: Sequence[int], sequence_length: int) -> None:
        self._tokenizer = tokenizer
        self._stop_ids = list(stop_ids)
        self._stop_texts = tuple(str(tokenizer.decode([stop_id])) for stop_id in stop_ids)
        self._sequence_length = sequence_length

    def encode(
        self,
        messages: Sequence[dict[str, Any]],
        tools: list[dict[str, Any]] | None = None,
        *,
        weighted: bool = False,
    ) -> EncodedExample:
        """Encode up to the last assistant message, whose tokens are the labels; too long rows lose their end.

        weighted: OpenAI's `weight` counts too: 0 on the last answer takes its labels away, 1 on an earlier
        one adds them.
        """
        last = max(index for index, message in enumerate(messages) if message["role"] == "assistant")
        turns = list(messages[: last + 1])
        whole = self._render(turns, tools)
        spans = [self._span(turns, last, whole, tools)]
        if weighted:
            earlier = [i for i in range(last) if turns[i]["role"] == "assistant" and turns[i].get("weight") == 1]
            spans = [span for i in earlier if (span := self._earlier_span(turns, i, whole, tools))] + spans
        learned = not (weighted and turns[last].get("weight") == 0)
        return self._label(whole, spans, last_is_learned=learned)

    def encode_prompt(self, messages: Sequence[dict[str, Any]], tools: list[dict[str, Any]] | None = None) -> list[int]:
        """Return the tokens after which the model answers."""
        return self._tokens(self._render(list(messages), tools, add_generation_prompt=True))

    def _label(self, whole: str, spans: list[tuple[int, int]], *, last_is_learned: bool) -> EncodedExample:
        input_ids: list[int] = []
        labels: list[int] = []
        position = 0
        for start, end in spans:
            before, answer = self._tokens(whole[position:start]), self._tokens(whole[start:end])
            is_last = end == spans[-1][1]
            if is_last and self._stop_ids and (not answer or answer[-1] not in self._stop_ids):
                answer = [*answer, self._stop_ids[0]]
            input_ids += before + answer
            kept = answer if last_is_learned or not is_last else [IGNORED] * len(answer)
            labels += [IGNORED] * len(before) + kept
            position = end
        limit = self._sequence_length
        return EncodedExample(input_ids[:limit], labels[:limit], is_cut=len(input_ids) > limit)

    def _span(
        self, turns: list[dict[str, Any]], index: int, rendered: str, tools: list[dict[str, Any]] | None
    ) -> tuple[int, int]:
        """Return where the answer of turn `index` starts and ends in `rendered`, the text up to that turn."""
        if index == 0:
            start = max(0, rendered.find(str(turns[0]["content"])))
        else:
            prompt = self._render(turns[:index], tools, add_generation_prompt=True)
            start = _shared_start(prompt, rendered)
        stripped = rendered.rstrip()
        ends_with_stop = bool(self._stop_texts) and stripped.endswith(self._stop_texts)
        return start, len(stripped) if ends_with_stop else len(rendered)

    def _earlier_span(
        self, turns: list[dict[str, Any]], index: int, whole: str, tools: list[dict[str, Any]] | None
    ) -> tuple[int, int] | None:
        rendered = self._render(turns[: index + 1], tools)
        return self._span(turns, index, rendered, tools) if whole.startswith(rendered) else None

    def _render(
        self,
        messages: list[dict[str, Any]],
        tools: list[dict[str, Any]] | None,
        *,
        add_generation_prompt: bool = False,
    ) -> str:
        shown = [{key: message[key] for key in _TEMPLATE_KEYS if key in message} for message in messages]
        return str(
            self._tokenizer.apply_chat_template(
                shown, tools=tools, tokenize=False, add_generation_prompt=add_generation_prompt
            )
        )

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False)) if text else []


def _shared_start(prompt: str, rendered: str) -> int:
    """Return the length of the common start: the prompt, unless the template renders past turns anew."""
    if rendered.startswith(prompt):
        return len(prompt)
    pairs = zip(prompt, rendered, strict=False)
    return next((i for i, (left, right) in enumerate(pairs) if left != right), min(len(prompt), len(rendered)))
