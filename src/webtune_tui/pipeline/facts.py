"""Facts that an answer states and its prompt does not: numbers, measures, dates, model numbers, names.

A rough measure for a flag, made for speed: what stands in the prompt in other words counts as stated there or not by
the letters alone. Names are judged in languages that write only names with a capital within a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

_SENTENCE_STARTS = '.!?:…;"“”„«(*•·–—|>]。！？-'
_DIGITS = re.compile(r"[0-9][\w.,'’/-]*+")
_NAME = re.compile(rf" (?<![{re.escape(_SENTENCE_STARTS)}] )([A-ZÀ-ÖØ-ÞΑ-ΩА-Я][\w'’-]++)")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_LIST_NUMBER = re.compile(r"\d{1,2}[.)]\Z")
_MOST_FACTS = 200
_MOST_CHARACTERS = 50_000  # of the answer that are looked at
_SHORTEST_NAME = 3
_LETTERS_A_WORD = 6
_TITLE_CASE = 0.14  # of the words; beyond it capitals are the language's or a headline's way to write
_FEW = 2  # capitals that any short text may have
_I = ("I'", "I’")
_LONGEST_MODEL = 40

_SHORTEST_VALUE, _LONGEST_VALUE = 3, 120
_MOST_ITEMS = 20
_MOST_PLACES = 5
_KINDS = bytes(
    ord("0" if c.isdigit() else "W" if c.isupper() else " " if c == " " else "." if c in _SENTENCE_STARTS else "w")
    for c in map(chr, range(128))
) + bytes(128)
_NUMBER_GOES_ON = re.compile(r"[.,]\d")


def unsupported(answer: str, prompt: str, most: int = _MOST_FACTS) -> list[str]:
    """The facts of the answer that the prompt does not hold, each once; looks for no more than ``most``."""
    if not may_state(answer):
        return []
    answer = answer[:_MOST_CHARACTERS]
    folded = prompt.casefold()
    found = dict.fromkeys(islice(_untold_numbers(answer, prompt, folded), most))
    if len(found) < most:
        found.update(dict.fromkeys(islice(_untold_names(answer, folded), most - len(found))))
    return list(found)


def may_state(answer: str) -> bool:
    """A quick look: whether there is a digit, or a capital within a sentence; always so beyond ASCII."""
    if not answer.isascii():
        return True
    kinds = answer[:_MOST_CHARACTERS].encode("ascii").translate(_KINDS)
    return b"0" in kinds or b" W" in kinds.replace(b". W", b"")


def untold_fields(fields: Mapping[str, Any], answer: str, prompt: str) -> list[str]:
    """The fields with a value that stands in the answer and not in the prompt; the answer's own field is none."""
    folded_answer, folded_prompt = answer.casefold(), prompt.casefold()
    return [
        name
        for name, value in fields.items()
        if any(
            _stands_in(text, folded_answer) and not _stands_in(text, folded_prompt)
            for text in _values(value)
            if len(text) * 2 < len(answer)
        )
    ]


def _untold_numbers(answer: str, prompt: str, folded: str) -> Iterator[str]:
    """Numbers, and the words that hold digits: model numbers, sizes."""
    known: set[str] | None = None
    for match in _DIGITS.finditer(answer):
        start = match.start()
        text = match.group()
        if not text.isdigit():
            text = text.rstrip(".,'’/-")
        before = answer[start - 1 : start]
        if before and (before.isalnum() or before in "-/_"):
            word = _word_before(answer, start) + text
            if word.casefold() not in folded:
                yield word
            continue
        if known is None:
            raw = _NUMBER.findall(prompt)
            known = {*raw, *(_plain(one) for one in raw if not one.isdigit())}
        number = text if text.isdigit() else _NUMBER.match(text).group()  # type: ignore[union-attr]  # it has a digit
        if number not in known and _plain(number) not in known and not _is_list_number(answer, match):
            yield text


def _untold_names(answer: str, folded: str) -> Iterator[str]:
    found = [name.removesuffix("'s").removesuffix("’s") for name in _NAME.findall(answer)]
    if len(found) <= max(_FEW, _TITLE_CASE * len(answer) / _LETTERS_A_WORD):
        for name in found:
            if (
                len(name) >= _SHORTEST_NAME
                and not name.isupper()
                and not name.startswith(_I)
                and name.casefold() not in folded
            ):
                yield name


def _word_before(text: str, end: int) -> str:
    """The part of a word that stands before a place in it."""
    part = text[max(end - _LONGEST_MODEL, 0) : end].split()
    return part[-1].lstrip("([\"'“‘") if part and not text[end - 1].isspace() else ""


def _plain(number: str) -> str:
    """``1,000`` and ``1000`` as one, ``3.50`` and ``3.5`` too."""
    if "," in number:
        head, _, tail = number.rpartition(",")
        number = head.replace(",", "") + (tail if len(tail) == 3 else f".{tail}")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _is_list_number(text: str, match: re.Match[str]) -> bool:
    """Whether a number only counts the items of a list: ``1.`` or ``2)`` at the beginning of a line."""
    start, end = match.span()
    is_first = start == 0 or text[start - 1] == "\n"
    return is_first and _LIST_NUMBER.match(text[start : end + 1].rstrip()) is not None


def _values(value: Any) -> Iterable[str]:
    """A field's short texts and numbers in lower case."""
    items = value[:_MOST_ITEMS] if isinstance(value, list | tuple) else (value,)
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            continue
        text = str(item).strip().casefold()
        is_telling = len(text) >= _SHORTEST_VALUE or (len(text) == 2 and text.isdigit())
        if is_telling and len(text) <= _LONGEST_VALUE:
            yield text


def _stands_in(value: str, text: str) -> bool:
    """Whether a value stands in a text on its own, not within a longer word or number; looks at a few places."""
    at = text.find(value)
    for _ in range(_MOST_PLACES):
        if at < 0:
            return False
        end = at + len(value)
        is_part = text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()
        is_number_part = value[0].isdigit() and _NUMBER_GOES_ON.match(text, max(end, 0)) is not None
        starts_within = value[0].isdigit() and at > 1 and text[at - 1] in ".," and text[at - 2].isdigit()
        if not (is_part or is_number_part or starts_within):
            return True
        at = text.find(value, at + 1)
    return False
