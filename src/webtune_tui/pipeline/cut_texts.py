"""Texts that their source had cut already: ``...``, "Read more", an end in the middle of a sentence."""

from __future__ import annotations

import re
from enum import Enum

from webtune_tui.pipeline.cut_points import is_whole, sentence_ends
from webtune_tui.pipeline.wording import unspaced_share

_TAIL = 120
_LONG = 120  # characters; shorter texts may end as they like
_PROSE = 200
_SURE_ENDS = ".!?。！？"
_PROSE_SENTENCES = 3

_MORE = re.compile(
    r"(?:^|[\s.!?…\])。>»|])[\[(]?(?:(?:read|show|see|view|learn) more|continue reading|more|mehr (?:lesen|anzeigen)"
    r"|weiterlesen|lire la suite|(?:en )?savoir plus|voir plus|(?:leer|ver|mostrar) más|seguir leyendo"
    r"|(?:leia|ver|ler|mostrar) mais|continue lendo|leggi (?:tutto|di più|altro)|mostra altro"
    r"|lees (?:meer|verder)|meer (?:lezen|weergeven)"
    r"|続きを読む|もっと(?:見る|読む)|(?:阅读|查看)(?:更多|全文)|展开(?:全文)?)[\])]?\s*[.…›»>]{0,3}\Z",
    re.IGNORECASE,
)
_BARE_MORE = re.compile(r"(?:^|\s)more\Z", re.IGNORECASE)
_ELLIPSIS = re.compile(r"(?:(?<![:.\s])|(?<=[^\W_] )|(?<=[,.!?] ))(?:\.\.\.|…|\. \. \.|[\[(](?:\.\.\.|…)[\])])\Z")
_OPEN_END = re.compile(r"(?:,|[\[(]|\s[-–—&+]|\w-)\Z")
_LAST_WORD = re.compile(r"(?<![#@\w/.])[^\W\d_]+(?:[-'’][^\W\d_]+)*\Z")
_BULLET = re.compile(r"\s*(?:[-*•●▪◦·–—✓✔■►・]|\d{1,3}[.)])\s")

# articles, conjunctions, possessives and prepositions that no sentence of their language ends with
_LEADING_ON_WORDS = (
    "a an the of and or from without your our their its my than because if whose into onto between "
    "und oder der ein eine einer eines einem einen mit für von durch weil dass ohne zwischen beim zum zur vom "
    "et ou le la les du une avec pour qui que dans sans chez sur votre notre "
    "el las y una para por sin sobre desde hacia como "
    "e de da dos uma com sem na no nas nos pelo pela seu sua "
    "il lo gli di che della delle dei degli dal dalla nel nella "
    "het een voor zonder naar tussen deze"
)
_LEADING_ON = frozenset(_LEADING_ON_WORDS.split())


class CutSign(Enum):
    """How sure it is that a text was cut."""

    NONE = "whole"
    LIKELY = "likely"
    CERTAIN = "certain"


def cut_sign(text: str) -> CutSign:
    """Whether a text stops where its source stopped and not where its writer did.

    Certain are a mark of the cut at the end of a longer text and a last word that must go on ("with the"). Likely is
    running text whose sentences all end but the last. Lists, tables, short texts and other layouts end as they like.
    """
    bare = text.rstrip()
    if len(bare) < _LONG // 3 or (bare[-1] in _SURE_ENDS and bare[-2] != "."):
        return CutSign.NONE
    tail = bare[-_TAIL:]
    if _says_more(tail):
        return CutSign.CERTAIN
    if _ELLIPSIS.search(tail):
        return CutSign.CERTAIN if len(bare) >= _LONG or unspaced_share(tail) > 0.5 else CutSign.NONE
    if len(bare) < _LONG or is_whole(tail) or not (tail[-1].isalpha() or _OPEN_END.search(tail)):
        return CutSign.NONE
    return _sign_of_open_end(bare, tail)


def whole_part(text: str) -> str:
    """The text up to its last whole sentence, without a mark of the cut; empty where there is none."""
    bare = text.rstrip()
    bare = bare[: len(bare) - len(bare[-_TAIL:]) + len(_MORE.sub(" ", bare[-_TAIL:]).rstrip())]
    if is_whole(bare):
        return bare
    ends = [end for end in sentence_ends(bare) if is_whole(bare[max(0, end - 8) : end])]
    return bare[: ends[-1]].rstrip() if ends else ""


def _says_more(tail: str) -> bool:
    found = _MORE.search(tail)
    return found is not None and not (_BARE_MORE.search(tail) and found.group().strip().casefold() == "more")


def _sign_of_open_end(bare: str, tail: str) -> CutSign:
    line_start = bare.rfind("\n") + 1
    line = bare[line_start:]
    if _BULLET.match(line) or "|" in line or (line_start and len(line) < _LONG // 2):
        return CutSign.NONE
    word = _LAST_WORD.search(tail)
    if _OPEN_END.search(tail) or (word is not None and word.group() in _LEADING_ON):
        return CutSign.CERTAIN
    is_prose = len(bare) >= _PROSE and word is not None and unspaced_share(tail) <= 0.5
    if is_prose and len(sentence_ends(line)) >= _PROSE_SENTENCES:
        return CutSign.LIKELY
    return CutSign.NONE
