"""What is kept of an example's texts to find its duplicates: keys and sketches, and the words to compare exactly."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from webtune_tui.pipeline.near_duplicates import Compared
from webtune_tui.pipeline.sketches import Sketches, sketches
from webtune_tui.pipeline.steps.exact_duplicates import ANSWER, BOTH, PROMPT
from webtune_tui.pipeline.word_numbers import Texts, Wording, wording_of

_UNSPACED, _ANSWER_UNSPACED = 1, 2


@dataclass(frozen=True, slots=True)
class Signatures:
    """Of a batch of examples: keys of 16 bytes, a row of each table of sketches, and the packed words of each."""

    exact_keys: bytes
    answer_keys: bytes
    whole: Sketches
    answers: Sketches
    prompts: Sketches
    texts: list[bytes]


def signatures(examples: Sequence[Texts], *, exact_on: str = BOTH, near_on: str = BOTH) -> Signatures:
    """The signatures of examples by their field values and answers.

    ``exact_on`` and ``near_on`` say of what the keys and the sketches of the whole are made: both, answer or prompt.
    """
    wording = wording_of(examples)
    keys = wording.keys()
    whole, answers, prompts = sketches(wording)
    exact_keys = [key for key, _ in keys]
    answer_keys = [key for _, key in keys]
    if PROMPT in (exact_on, near_on):
        asked = wording_of((values, "") for values, _ in examples)
        prompt_keys = asked.keys()
        exact_keys = [key for key, _ in prompt_keys] if exact_on == PROMPT else exact_keys
        whole = sketches(asked)[0] if near_on == PROMPT else whole
    return Signatures(
        exact_keys=b"".join(answer_keys if exact_on == ANSWER else exact_keys),
        answer_keys=b"".join(answer_keys),
        whole=answers if near_on == ANSWER else whole,
        answers=answers,
        prompts=prompts,
        texts=_packed(wording),
    )


def _packed(wording: Wording) -> list[bytes]:
    """For each example what :func:`unpacked` reads: marks, the number of texts, their lengths, 32 bits of each word."""
    raw = wording.words.astype(np.uint32).tobytes()
    parts, examples = wording.parts.tolist(), wording.examples.tolist()
    marks = (wording.unspaced_examples * _UNSPACED).tolist()
    answer_marks = (wording.unspaced_parts * _ANSWER_UNSPACED).tolist()
    found = []
    for number, (first, end) in enumerate(pairwise(examples)):
        lengths = [parts[at + 1] - parts[at] for at in range(first, end)]
        head = array("I", [marks[number] | answer_marks[end - 1], len(lengths), *lengths])
        found.append(head.tobytes() + raw[parts[first] * 4 : parts[end] * 4])
    return found


def unpacked(raw: bytes) -> Compared:
    """An example's texts as words, ready for comparing."""
    numbers = array("I", raw).tolist()
    marks, count = numbers[0], numbers[1]
    whole = numbers[2 + count :]
    texts, start = [], 0
    for length in numbers[2 : 2 + count]:
        texts.append(whole[start : start + length])
        start += length
    return Compared(texts[:-1], texts[-1], whole, bool(marks & _UNSPACED), bool(marks & _ANSWER_UNSPACED))
