"""Where a text may be cut: after whole sentences, list items and lines, never within code.

Not every full stop ends a sentence: those of abbreviations, initials, list numbers and decimals don't, and what goes
on in lower case goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUOTES = "\"'”’»›)\\]*_"
_STOP = re.compile(
    rf"(?<![.!?…])[.!?…؟۔।]++[{_QUOTES}]*+(?=\s|\Z)"
    r"|(?<![。！？｡．])[。！？｡．]++[」』）”’〉》】]*+"
    r"|\n"
)
_NEXT = re.compile(r"\s*+[\"'“‘«‹(\[*_]*+(.?)")
_WORD_BEFORE = re.compile(r"[^\s\"'“‘«(\[]*\Z")
_INITIAL_NEXT = re.compile(r"\s[^\W\d_]\.")
_LONGEST_WORD = 24
_FENCE = "```"
_CLOSING = _QUOTES.replace("\\", "")

_ABBREVIATED = (
    # English
    "e.g i.e vs cf approx dept est fig figs incl excl max min mr mrs ms dr prof st mt vol ed eds pp sq ft oz lb "
    # German
    "z.b d.h u.a o.ä s.o s.u bzw ca evtl ggf inkl exkl str usw zzgl mind vgl abs bspw sog "
    # French, Spanish, Portuguese, Italian, Dutch
    "p.ex env mme mlle réf ref tél pág págs sr sra srta dra aprox p.ej ej av ex obs sig dott ecc ing pag tel "
    "bijv m.b.v o.a d.w.z mevr dhr ong"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_BEFORE_NUMBERS = frozenset(("no", "nos", "nr", "núm", "art", "fig", "figs", "p", "pp", "pag", "pág"))


def sentence_ends(text: str) -> list[int]:
    """The places behind whole sentences and lines, ascending; none lies within a block of fenced code."""
    ends = list(_ends(text))
    return _outside_fences(text, ends) if _FENCE in text else ends


def is_whole(text: str) -> bool:
    """Whether a text ends as sentences, lists or code do."""
    bare = text.rstrip()
    if not bare or bare.endswith(_FENCE):
        return True
    last = bare.rstrip(_CLOSING + "」』）”’〉》】]")
    return last[-1:] in ".!?…؟۔।。！？｡．:" and not last.endswith(("...", "…"))


def _ends(text: str) -> Iterator[int]:
    for match in _STOP.finditer(text):
        mark = match.group()
        if mark == "\n":
            if _ends_line(text, match.start()):
                yield match.end()
        elif mark[0] in "。！？｡．" or _ends_sentence(text, match.start(), match.end(), mark):
            yield match.end()


def _ends_sentence(text: str, start: int, end: int, mark: str) -> bool:
    following = _NEXT.match(text, end)
    if following is not None and following.group(1).islower() and "\n" not in following.group():
        return False
    if mark[0] != "." or mark[1:2] == ".":
        return True
    found = _WORD_BEFORE.search(text, max(0, start - _LONGEST_WORD), start)
    word = found.group() if found else ""
    if len(word) == 1 and word.isalpha():
        return not word.isupper() and _INITIAL_NEXT.match(text, end) is None  # "J. R. Tolkien", "z. B."
    if word.isdigit() and len(word) <= 2:
        return end == len(text)  # the number of a list item, or a day: "3. März"
    folded = word.casefold()
    if folded in _BEFORE_NUMBERS:
        return following is None or not following.group(1).isdigit()
    return folded not in _ABBREVIATIONS


def _ends_line(text: str, newline: int) -> bool:
    """Whether the line is an item or a sentence: no heading, no lead to a list, no line that only the width broke."""
    if newline and text[newline - 1] == "\n":
        return False
    start = text.rfind("\n", max(0, newline - 400), newline) + 1
    line = text[max(start, newline - 400) : newline].strip()
    if not line or line.endswith((":", "：", ",", ";")) or line.startswith("#"):
        return False
    following = text[newline + 1 : newline + 2]
    return not following.islower()


def _outside_fences(text: str, ends: list[int]) -> list[int]:
    fences = [match.start() for match in re.finditer(r"^[ \t]*```", text, re.MULTILINE)]
    kept: list[int] = []
    opened = 0
    for end in ends:
        while opened < len(fences) and fences[opened] < end:
            opened += 1
        if opened % 2 == 0:
            kept.append(end)
    return kept
