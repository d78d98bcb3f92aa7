"""What is kept of an example's texts to find its duplicates: keys and sketches, and the words to compare exactly."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webtune_tui.pipeline.near_duplicates import Compared
from webtune_tui.pipeline.sketches import Sketches, sketches
from webtune_tui.pipeline.steps.exact_duplicates import ANSWER, BOTH, PROMPT
from webtune_tui.pipeline.word_numbers import Places, Texts, Wording, wording_of

_UNSPACED, _ANSWER_UNSPACED = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class PackedWords:
    """The words of a batch of examples as they are kept; ``bounds`` are those of each example in ``data``."""

    data: bytes
    bounds: Places

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, number: int) -> bytes:
        return self.data[self.bounds[number] : self.bounds[number + 1]]


@dataclass(frozen=True, slots=True)
class Signatures:
    """Of a batch of examples: keys of 16 bytes, a row of each table of sketches, and the packed words of each."""

    exact_keys: bytes
    answer_keys: bytes
    whole: Sketches
    answers: Sketches
    prompts: Sketches
    texts: PackedWords


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


def _packed(wording: Wording) -> PackedWords:
    """For each example what :func:`unpacked` reads: marks, the number of texts, their lengths, 32 bits of each word."""
    parts, examples = wording.parts, wording.examples
    texts, sizes = np.diff(examples), 2 + np.diff(examples) + np.diff(parts[examples])
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    first = starts[:-1]
    lengths_at = np.repeat(first + 2 - examples[:-1], texts) + np.arange(len(parts) - 1)
    is_word = np.ones(starts[-1], dtype=np.bool_)
    is_word[first] = is_word[first + 1] = is_word[lengths_at] = False
    packed = np.empty(starts[-1], dtype=np.uint32)
    packed[first] = wording.unspaced_examples * _UNSPACED | wording.unspaced_parts[examples[1:] - 1] * _ANSWER_UNSPACED
    packed[first + 1] = texts
    packed[lengths_at] = np.diff(parts)
    packed[is_word] = wording.words
    return PackedWords(packed.tobytes(), starts * packed.itemsize)


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
