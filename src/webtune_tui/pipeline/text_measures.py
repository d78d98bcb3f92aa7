"""Measures of a text that tell running text from what only looks like it: repetition, symbols, lines, notices.

The measures follow those of Gopher (Rae et al. 2021), C4 (Raffel et al. 2019) and FineWeb (Penedo et al. 2024), as
published in their papers; shares lie between 0 and 1. Every measure takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from webtune_tui.pipeline.sentences import sentences
from webtune_tui.pipeline.wording import unspaced_share

MOST_WORDS = 20_000
_LETTERS = bytes(range(ord("A"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1))
_LETTERS_AND_BEYOND = _LETTERS + bytes(range(0x80, 0x100))
_NO_SIGNS = bytes(code for code in range(256) if chr(code).isalnum()) + b"?"  # which stands for what is beyond Latin-1
_VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœąęęěóůűőıаеёиоуыэюяіїєαειουηωάέήίόύώ")
_AROUND_WORDS = ".,;:!?()[]\"'"
_BULLETS = ("-", "*", "•", "●", "▪", "‣", "◦", "·", "–", "—", "✓", "✔", "○", "■", "►", "➤", "・")
_ELLIPSES = ("...", "…", "。。。")
_LINE_ENDS = ".!?…。！？:;\"'”’»)）」』|"
_SEGMENT = re.compile(r"[,;:|/•·\n()\[\]]+|\.\s|\s[-–—]\s")

_FILLER_WORDS = (
    "lorem ipsum dolor sit amet consectetur adipiscing adipisicing elit sed eiusmod tempor incididunt labore dolore "
    "magna aliqua enim minim veniam quis nostrud exercitation ullamco laboris nisi aliquip commodo consequat"
)
FILLER = frozenset(_FILLER_WORDS.split())

_NOTICE_SIGNS = ("javascript", "cookies", "captcha", "robot", "human", "denied", "browser", "not found", "forbidden")
_NOTICE = re.compile(
    r"(?:please|must|need to|have to|to) (?:enable|activate|turn on|allow) (?:javascript|cookies)"
    r"|(?:javascript|cookies) (?:is|are|seems? to be|appears? to be)"
    r" (?:disabled|required|not enabled|turned off|off\b|not supported|blocked)"
    r"|(?:javascript|cookies) (?:must be|needs? to be|ha(?:s|ve) to be) (?:enabled|turned on)"
    r"|(?:your|this) browser (?:does not|doesn[’']t|is not|isn[’']t) support|(?:un|not )supported browser"
    r"|upgrade your browser|your browser is (?:out of date|outdated|no longer supported)"
    r"|(?:we|this (?:web)?site|this page|our (?:web)?site) uses? cookies"
    r"|(?:verify|confirm|prove)(?: that)? you(?: a|['’])re (?:a |not a )?(?:human|robot)|are you a (?:human|robot)\b"
    r"|(?:complete|solve) the captcha|checking your browser before"
    r"|access denied|page not found|403 forbidden"
    r"|(?:activez|activer|autorisez) javascript|javascript (?:est|doit être) (?:désactivé|activé)"
    r"|javascript (?:aktivieren|ist deaktiviert|muss aktiviert)|(?:aktivieren|aktiviere) sie (?:bitte )?javascript"
    r"|(?:habilite|habilitar|active|activa|ative|ativar|activar) (?:o |el )?javascript|javascript está des"
    r"|(?:abilita|abilitare|attiva) javascript|schakel javascript"
    r"|diese (?:web)?seite verwendet cookies|wir verwenden cookies|utiliza cookies|utilise des cookies|usa cookies"
)

_BEYOND_LATIN = re.compile("[\u0250-\U0010ffff]")


class TopGram(NamedTuple):
    """The most frequent run of some words: its share of the characters, how often it occurs, and the run."""

    share: float
    occurrences: int
    words: tuple[str, ...]


def is_unspaced_text(text: str) -> bool:
    """Whether a text is mostly in a script without spaces between words; its beginning decides."""
    return not text.isascii() and unspaced_share(text[:400]) > 0.5


def is_latin(text: str) -> bool:
    """Whether a text is in Latin letters; its beginning decides."""
    if text.isascii() or _BEYOND_LATIN.search(text[:400]) is None:
        return True
    letters = [character for character in text[:400] if character.isalpha()]
    return sum(character < "\u0250" for character in letters) * 10 >= 9 * len(letters)


def seems_alphabetic(text: str) -> bool:
    """A quick look: more than half of the text is surely letters, or beyond ASCII."""
    data = text.encode("utf-8", "replace")
    return len(data.translate(None, _LETTERS_AND_BEYOND)) * 2 < len(data)


def sign_share(text: str) -> float:
    """The share of the characters, spaces apart, that are neither letters nor digits. Beyond Latin-1 all are."""
    if text.isascii():
        rest = text.encode("ascii").translate(None, _LETTERS)  # a quarter of a text: what follows is quick
        solid = len(text) - len(rest) + len(rest.translate(None, b" \t\n\r"))
        return len(rest.translate(None, b" \t\n\r0123456789?")) / max(solid, 1)
    data = text.encode("latin-1", "replace").translate(None, b" \t\n\r")
    return len(data.translate(None, _NO_SIGNS)) / max(len(data), 1)


def vowelless_share(words: Sequence[str]) -> float:
    """The share of the longer words that have no vowel, as what is typed at random has none."""
    lettered = [bare for word in words if len(bare := word.strip(_AROUND_WORDS)) >= 4 and bare.isalpha()]
    return sum(_VOWELS.isdisjoint(word) for word in lettered) / max(len(lettered), 1)


def alphabetic_share(words: Sequence[str]) -> float:
    """The share of the words that have a letter, among those that are no mere punctuation."""
    lettered = sum(1 for word in words if any(map(str.isalpha, word)))
    numbers = sum(1 for word in words if any(map(str.isdigit, word)) and not any(map(str.isalpha, word)))
    return lettered / max(lettered + numbers, 1)


def mean_word_length(words: Sequence[str]) -> float:
    """The characters of a word on average; addresses and mere punctuation are no words. 0 where there are none."""
    lengths = [len(word) for word in words if "://" not in word and any(map(str.isalnum, word))]
    return sum(lengths) / max(len(lengths), 1)


def is_table(text: str) -> bool:
    """Whether most lines are rows with cells parted by bars or tabs."""
    lines = text.split("\n")
    return sum(line.count("|") >= 2 or "\t" in line for line in lines) * 2 > len(lines)


def symbol_count(text: str) -> int:
    """How many hash signs and ellipses there are."""
    found = text.count("#") if "#" in text else 0
    found += text.count("...") if "..." in text else 0
    return found if text.isascii() else found + text.count("…")


def ellipsis_share(lines: Sequence[str]) -> float:
    """The share of the lines that end with an ellipsis."""
    return sum(line.endswith(_ELLIPSES) for line in lines) / max(len(lines), 1)


def bullet_share(lines: Sequence[str]) -> float:
    """The share of the lines that begin with a bullet."""
    return sum(line.startswith(_BULLETS) for line in lines) / max(len(lines), 1)


def short_line_share(lines: Sequence[str], characters: int = 30) -> float:
    """The share of the lines with fewer characters than this."""
    return sum(len(line) < characters for line in lines) / max(len(lines), 1)


def unended_share(lines: Sequence[str]) -> float:
    """The share of the lines that end without punctuation."""
    return sum(line[-1:] not in _LINE_ENDS for line in lines) / max(len(lines), 1)


def repeated_share(pieces: Sequence[str]) -> float:
    """The share of the characters that stand in lines or sentences which occurred before."""
    seen: set[str] = set()
    repeated = total = 0
    for piece in pieces:
        total += len(piece)
        if piece in seen:
            repeated += len(piece)
        seen.add(piece)
    return repeated / max(total, 1)


def repeated_sentence_share(lowered: str) -> float:
    """The share of the characters that stand in sentences which occurred before."""
    return repeated_share(sentences(lowered))


def top_gram(words: Sequence[str], length: int) -> TopGram:
    """The run of this many words that takes most of the text's characters, among those that occur three times."""
    counts = Counter(zip(*(islice(words, start, None) for start in range(length)), strict=False))
    total = sum(map(len, words)) or 1
    best = TopGram(0.0, 0, ())
    for gram, count in counts.items():
        if count >= 3 and (share := count * sum(map(len, gram)) / total) > best.share:
            best = TopGram(min(share, 1.0), count, gram)
    return best


def duplicate_gram_share(units: Sequence[str], length: int) -> float:
    """The share of the characters that stand in runs of this many units which occurred before."""
    seen: set[tuple[str, ...]] = set()
    repeated = 0
    covered = 0
    for start, gram in enumerate(zip(*(islice(units, first, None) for first in range(length)), strict=False)):
        if gram in seen:
            fresh = max(covered, start)
            repeated += sum(map(len, units[fresh : start + length]))
            covered = start + length
        else:
            seen.add(gram)
    return repeated / (sum(map(len, units)) or 1)


def filler_share(words: Sequence[str]) -> float:
    """The share of the words that are those of *lorem ipsum*."""
    return sum(word.strip(".,;") in FILLER for word in words) / max(len(words), 1)


def words_a_segment(text: str) -> float:
    """How many words stand between two marks or line ends on average: few in lists and tables."""
    segments = [segment for segment in _SEGMENT.split(text) if segment.strip()]
    return sum(len(segment.split()) for segment in segments) / max(len(segments), 1)


def may_have_notice(lowered: str) -> bool:
    """A quick look for the words of page notices."""
    for sign in _NOTICE_SIGNS:  # noqa: SIM110 - half the time of any()
        if sign in lowered:
            return True
    return False


def notice_share(lowered: str) -> float:
    """The share of the characters in sentences that speak of the page's working: scripts, cookies, refused access."""
    pieces = sentences(lowered)
    total = sum(map(len, pieces)) or 1
    return sum(len(piece) for piece in pieces if _NOTICE.search(piece)) / total
