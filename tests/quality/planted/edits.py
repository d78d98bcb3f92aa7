"""Edited copies of a text: a share of its words replaced, inserted, deleted, or one sentence moved.

In Japanese, which is written without spaces, characters are edited.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

WAYS = ("replace", "insert", "delete", "mixed", "move")
_SENTENCE = re.compile(r"[^.!?。？！]+[.!?。？！]+[\s”»“’)」]*")
_KANA = "ひらさとなのむへりきよらみはかたまにせそ"


def edited(text: str, share: float, way: str, word: Callable[[], str], chance: random.Random) -> str:
    """A copy in which ``share`` of the words (of the characters without spaces) are edited, at least one."""
    if way == "move":
        return _moved(text, share, chance)
    if " " not in text.strip():
        return "".join(_edits(list(text), share, way, lambda: chance.choice(_KANA), chance))
    pieces = re.split(r"(\s+)", text)
    gaps = dict(enumerate(pieces[1::2]))
    words = _edits(pieces[0::2], share, way, word, chance)
    return "".join(piece + gaps.get(number, " ") for number, piece in enumerate(words)).strip()


def _edits(units: list[str], share: float, way: str, word: Callable[[], str], chance: random.Random) -> list[str]:
    wanted = max(1, int(share * len(units)))
    places = sorted(chance.sample(range(len(units)), wanted), reverse=True)
    for place in places:
        act = chance.choice(("replace", "insert", "delete")) if way == "mixed" else way
        if act == "replace":
            units[place] = _other(units[place], word)
        elif act == "insert":
            units.insert(place, word())
        else:
            del units[place]
    return units


def _other(unit: str, word: Callable[[], str]) -> str:
    for _ in range(20):
        made = word()
        if made.casefold() != unit.casefold().strip(".,;:!?"):
            return made
    raise AssertionError("no other word")


def _moved(text: str, share: float, chance: random.Random) -> str:
    """The copy with its longest sentence that makes up no more than ``share`` at another place."""
    if "\n" in text:
        text = text.replace("\n\n", " " if " " in text else "")
    sentences = _SENTENCE.findall(text)
    size = (lambda one: len(one.split())) if " " in text.strip() else len
    short = [number for number, one in enumerate(sentences) if size(one) <= share * size(text)]
    if "".join(sentences) != text or len(sentences) < 3 or not short:
        raise ValueError("no sentence to move")
    gap = " " if " " in text.strip() else ""
    sentences = [one.strip() for one in sentences]
    moving = sentences.pop(max(short, key=lambda number: size(sentences[number])))
    before = gap.join(sentences)
    places = list(range(len(sentences) + 1))
    chance.shuffle(places)
    for place in places:
        made = gap.join([*sentences[:place], moving, *sentences[place:]])
        if made != text and made != before:
            return made
    raise ValueError("no other place")
