"""Clean texts from a small grammar for each language.

A stock file holds slots (``= name: one | two``) and sections of sentence patterns (``@ section``). In a pattern
``<slot>`` is a slot's value, ``[one|two]`` a choice and ``#2-9#`` a number. What a text is about (its thing, brand,
field and so on) stays the same through the text. No sentence is given out twice, with an aside where it would be, so
that nothing recurs that was not planted to recur.
"""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "de", "fr", "pt", "ja")
_STOCK = Path(__file__).parent / "stock"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"<(\w+)>")
_NUMBER = re.compile(r"#(\d+)-(\d+)#")
_SUBJECTS = ("thing", "brand", "colour", "field", "town", "expert")
_ATTEMPTS = 60


class Stock:
    """The slots and patterns of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.slots: dict[str, list[str]] = {}
        self.sections: dict[str, list[str]] = {}
        section = ""
        for line in (_STOCK / f"{language}.txt").read_text("utf-8").splitlines():
            if line.startswith("= "):
                name, _, values = line[2:].partition(":")
                self.slots[name] = [value.strip() for value in values.split("|")]
            elif line.startswith("@ "):
                section = line[2:]
                self.sections[section] = []
            elif line:
                self.sections[section].append(line)


@cache
def stock(language: str) -> Stock:
    """The stock of a language, read once."""
    return Stock(language)


class Writer:
    """Writes texts of one language; ``seed`` decides which."""

    def __init__(self, language: str, seed: int) -> None:
        self.stock = stock(language)
        self.language = language
        self.chance = random.Random(f"{seed} {language}")
        self._given: set[str] = set()
        self._about: dict[str, str] = {}

    def begin(self, **about: str) -> None:
        """Starts a text about something else; ``about`` fixes slots."""
        self._about = {name: self.chance.choice(self.stock.slots[name]) for name in _SUBJECTS} | about

    def about(self, slot: str) -> str:
        """What the present text says of a slot."""
        return self._about[slot]

    def line(self, section: str) -> str:
        """One new sentence, title or line of a section."""
        return self._new(self.stock.sections[section])

    def text(self, section: str, sentences: int) -> str:
        """Sentences of a section, each from another pattern."""
        return self.joined(self.sentences(section, sentences))

    def sentences(self, section: str, count: int) -> list[str]:
        """New sentences of a section, each from another pattern while they last."""
        patterns = list(self.stock.sections[section])
        self.chance.shuffle(patterns)
        return [self._new([patterns[number % len(patterns)]]) for number in range(count)]

    def joined(self, sentences: list[str]) -> str:
        """Sentences as running text, now and then in paragraphs."""
        gap = "" if self.language == "ja" else " "
        if len(sentences) >= 6 and self.chance.random() < 0.4:
            half = len(sentences) // 2
            return f"{gap.join(sentences[:half])}\n\n{gap.join(sentences[half:])}"
        return gap.join(sentences)

    def word(self) -> str:
        """Some word of this language, of a slot."""
        slot = self.chance.choice(("part", "material", "room", "colour", "adj", "thing"))
        return self.chance.choice(self.stock.slots[slot]).split(" ")[0]

    def _new(self, patterns: list[str]) -> str:
        for _ in range(_ATTEMPTS):
            made = self._expanded(self.chance.choice(patterns))
            if made in self._given and made[-1] in ".。":
                made = self._expanded(self.chance.choice(self.stock.sections["aside"])).replace("{}", made[:-1])
            if made not in self._given:
                self._given.add(made)
                return made
        if made[-1] not in ".。":
            return made  # a title or feature may come again, as in any shop
        raise AssertionError(f"{self.language}: {patterns} have too few forms")

    def _expanded(self, pattern: str) -> str:
        while "[" in pattern:
            pattern = _CHOICE.sub(lambda found: self.chance.choice(found.group(1).split("|")), pattern)
        drawn: dict[str, list[str]] = {}
        text = _SLOT.sub(lambda found: self._value(found.group(1), drawn), pattern)
        text = _NUMBER.sub(lambda found: str(self.chance.randint(int(found.group(1)), int(found.group(2)))), text)
        return text[0].upper() + text[1:]

    def _value(self, slot: str, drawn: dict[str, list[str]]) -> str:
        """A slot's value; a second one in a sentence is another one."""
        if slot in self._about:
            return self._about[slot]
        before = drawn.setdefault(slot, [])
        before.append(self.chance.choice([value for value in self.stock.slots[slot] if value not in before]))
        return before[-1]
