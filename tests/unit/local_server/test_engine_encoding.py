"""Chat examples to tokens: what is learned and what is only read."""

from __future__ import annotations

from typing import Any

from webtune_tui.local_server.encoding import IGNORED, EncodedExample, ExampleEncoder

STOP = 0x2402
"""The end-of-turn token of the fake: one character, as its own token."""


class FakeTokenizer:
    """One token per character; a ChatML-like template."""

    eos_token_id: int | None = STOP

    def __init__(self, end: str = chr(STOP) + "\n") -> None:
        self.end = end

    def apply_chat_template(self, conversation: Any, **options: Any) -> str:
        text = "".join(f"<{turn['role']}>{turn['content']}{self.end}" for turn in conversation)
        return text + ("<assistant>" if options["add_generation_prompt"] else "")

    def encode(self, text: str, **options: Any) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, token_ids: Any, **options: Any) -> str:
        return "".join(map(chr, token_ids))


class ThinkingTokenizer(FakeTokenizer):
    """A template whose finished turns differ from what it asks the model to go on from."""

    def apply_chat_template(self, conversation: Any, **options: Any) -> str:
        text = super().apply_chat_template(conversation, **options)
        return text + "[think]" if options["add_generation_prompt"] else text


CHAT = [
    {"role": "user", "content": "q1"},
    {"role": "assistant", "content": "first"},
    {"role": "user", "content": "q2"},
    {"role": "assistant", "content": "second"},
]


def encode(messages: list[dict[str, Any]], length: int = 500, **options: Any) -> EncodedExample:
    return ExampleEncoder(FakeTokenizer(), [STOP], length).encode(messages, **options)


def learned(example: EncodedExample) -> str:
    return "".join(chr(label) for label in example.labels if label != IGNORED)


def test_only_the_last_answer_and_its_end_are_learned() -> None:
    assert learned(encode(CHAT)) == f"second{chr(STOP)}"


def test_the_row_ends_with_the_stop_token_not_with_white_space() -> None:
    assert encode(CHAT).input_ids[-1] == STOP


def test_a_template_without_an_end_token_gets_one() -> None:
    encoder = ExampleEncoder(FakeTokenizer(end="\n"), [STOP], 500)
    assert encoder.encode(CHAT).input_ids[-1] == STOP


def test_turns_after_the_last_answer_are_left_out() -> None:
    assert encode([*CHAT, {"role": "user", "content": "unanswered"}]) == encode(CHAT)


def test_prompt_tokens_are_the_same_in_training_and_in_chat() -> None:
    encoder = ExampleEncoder(FakeTokenizer(), [STOP], 500)
    prompt = encoder.encode_prompt(CHAT[:-1])
    row = encoder.encode(CHAT)
    assert row.input_ids[: len(prompt)] == prompt
    assert row.labels[: len(prompt)] == [IGNORED] * len(prompt)
    assert IGNORED not in row.labels[len(prompt) :]


def test_weight_zero_takes_the_answer_out_of_training_only() -> None:
    silent = [*CHAT[:-1], {**CHAT[-1], "weight": 0}]
    assert encode(silent, weighted=True).answer_tokens == 0
    assert learned(encode(silent)) == f"second{chr(STOP)}"


def test_weight_one_adds_an_earlier_answer() -> None:
    both = [CHAT[0], {**CHAT[1], "weight": 1}, *CHAT[2:]]
    example = encode(both, weighted=True)
    assert learned(example) == f"first{chr(STOP)}second{chr(STOP)}"
    assert example.input_ids == encode(CHAT).input_ids


def test_a_long_row_loses_its_end_and_says_so() -> None:
    whole = encode(CHAT)
    cut = encode(CHAT, length=len(whole.input_ids) - 3)
    assert cut.is_cut
    assert learned(cut) == "seco"
    assert encode(CHAT, length=5).answer_tokens == 0


def test_a_template_that_renders_past_turns_anew_still_finds_the_answer() -> None:
    encoder = ExampleEncoder(ThinkingTokenizer(), [STOP], 500)
    assert learned(encoder.encode(CHAT)) == f"second{chr(STOP)}"


def test_a_chat_of_one_answer_is_learned() -> None:
    assert learned(encode([{"role": "assistant", "content": "alone"}])) == f"alone{chr(STOP)}"
