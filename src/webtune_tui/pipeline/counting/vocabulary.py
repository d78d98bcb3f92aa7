"""How many of the distinct words of the validation and test splits stand in the training split too.

Words are runs of letters without regard to case; signs of scripts without spaces count one by one. Each split keeps a
bounded set: where it would outgrow its bound, of all splits only the words stay whose checksum ends in one more zero
bit, an even sample of the distinct words, so that shares stay true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

from webtune_tui.domain.examples import Split

MOST_WORDS = 150_000
_LONGEST_WORD = 200  # bytes that are told apart
_LETTERS_ALONE = bytes(ord(chr(code).lower()) if chr(code).isalpha() else 32 for code in range(128)) + b" " * 128
_WORD = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\\W\\d_]+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """The distinct words of a split, and how many of them the training split has; from a sample of the words: about."""

    split: str
    words: int
    shared: int


class Vocabulary:
    """The distinct words of each split, bounded."""

    def __init__(self, most_words: int = MOST_WORDS) -> None:
        self._most_words = most_words
        self._words: dict[str, set[bytes]] = {split.value: set() for split in Split}
        self._mask = 0

    def add(self, split: str, texts: Iterable[str]) -> None:
        """Takes the words of an example in."""
        found: set[bytes] = set()
        for text in texts:
            found.update(_words_of(text))
        if max(map(len, found), default=0) > _LONGEST_WORD:
            found = {word[:_LONGEST_WORD] for word in found}
        if self._mask:
            found = set(filter(self._is_taken, found))
        words = self._words[split]
        words |= found
        while len(words) > self._most_words:
            self._mask = self._mask * 2 + 1
            for name, kept in self._words.items():
                self._words[name] = set(filter(self._is_taken, kept))
            words = self._words[split]

    @property
    def one_of(self) -> int:
        """Of so many distinct words one is looked at."""
        return self._mask + 1

    def overlaps(self) -> Mapping[str, Overlap]:
        """The overlap of the splits that are not trained on."""
        trained = self._words[Split.TRAIN.value]
        return {
            name: Overlap(name, len(words) * self.one_of, len(words & trained) * self.one_of)
            for name, words in self._words.items()
            if name != Split.TRAIN.value
        }

    def _is_taken(self, word: bytes) -> bool:
        return not crc32(word) & self._mask


def _words_of(text: str) -> list[bytes]:
    """The words in UTF-8: bytes are told apart and hashed faster than texts."""
    if text.isascii():  # a table does it in a tenth of the time
        return text.encode().translate(_LETTERS_ALONE).split()
    return [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text.casefold())]
