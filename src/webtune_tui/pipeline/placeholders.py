"""Values that stand for nothing: ``N/A``, ``No description available``, ``{{ description }}`` and their kin."""

from __future__ import annotations

import re
from functools import lru_cache

from webtune_tui.pipeline.placeholder_phrases import FILLER, OPENERS, PHRASES

_LONGEST = 60  # characters
_EDGES = ".!?…-–—_*()[]<>\"'«»“”„。！．・「」【】（）:： \t\n"

_NOTHING_ABOUT = re.compile(
    r"(?:there (?:is|are) |sorry,? )?no (?:product |item |further |additional |short |long )?(?:description|text"
    r"|content|details?|information|info|data|title|review|answer|summary|specifications?|overview|image|picture|comment)s?"
    r"(?: (?:is |are |was |were |has been |have been )?(?:currently )?(?:available|provided|given|found|yet|added"
    r"|entered|set|for this (?:product|item)|available for this (?:product|item)|at this time|available at this time))?"
    r"|(?:the )?(?:product |item )?(?:description|information|details?|content|text) (?:is |are )?(?:currently )?"
    r"(?:not |un)(?: ?(?:yet )?(?:available|provided|specified|found))"
    r"|(?:für dieses? (?:produkt|artikel) (?:ist|liegt) )?(?:noch |leider |derzeit )?keine? (?:produkt|artikel)?-?"
    r"(?:beschreibung|details|informationen|angaben?|daten|text|inhalt|titel|bewertung)"
    r"(?: (?:verfügbar|vorhanden|hinterlegt|angegeben|gefunden|vor))?"
    r"|(?:die )?(?:produkt)?beschreibung (?:ist )?(?:noch )?nicht (?:verfügbar|vorhanden)"
    r"|(?:pas de|aucune?) (?:description|information|détail|texte|contenu|titre|donnée|avis)s?"
    r"(?: (?:du|de ce|pour ce) (?:produit|article))?(?: (?:n'est |n’est )?(?:disponible|fournie?|renseignée?)s?)?"
    r"|(?:la )?description (?:n'est |n’est )?(?:pas|non) (?:encore )?disponible"
    r"|(?:sin|no hay|ninguna) (?:descripción|información|detalles|texto|contenido|título|datos)"
    r"(?: (?:del|de este|para este|sobre el) (?:producto|artículo))?(?: disponibles?)?"
    r"|(?:la )?descripción no (?:está )?disponible"
    r"|(?:sem|não há|nenhuma) (?:descrição|informação|informações|detalhes|texto|conteúdo|título)"
    r"(?: (?:do|deste|para este|sobre o) (?:produto|item|artigo))?(?: disponíve(?:l|is))?"
    r"|(?:a )?descrição (?:não|in)(?: está)? ?disponível"
    r"|(?:この)?(?:商品|製品)?の?(?:説明|詳細|情報|内容)(?:文)?(?:は|が)?(?:まだ)?(?:ありません|ございません|なし|無し|準備中です?|未登録です?)"
)
_UNSPACED_OPENER = re.compile("[この商製説詳情内]")
_LEFTOVER = re.compile(
    r"(?:\[object \w+\]|\{\{[^{}]{0,40}\}\}|\{%[^{}%]{0,40}%\}|\$\{[^{}]{0,40}\}|%[A-Z_]{2,30}%|<%=?[^<>%]{0,40}%>"
    r"|\{[a-z_]{2,30}\}|__[A-Z_]{2,30}__|undefined|NaN)(?:[\s,;|-]+|\Z)"
)
_NO_WORD = re.compile(r"[\W_]*\Z")
_FILLER_STARTS = ("lorem ipsum", "dolor sit amet")
_LEFTOVER_BEGINNINGS = frozenset("[{$%<_uNlLdD")
_FILLER_SHARE = 0.6
_FILLER_LOOKED_AT = 4_000  # characters


def is_placeholder(text: str) -> bool:
    """Whether a value only says that there is none."""
    if len(text) > _LONGEST:
        return is_leftover(text)
    if not _may_begin_one(text[:3]):
        return False
    return _is_short_placeholder(text)


@lru_cache(maxsize=8_192)
def _may_begin_one(start: str) -> bool:
    """Whether a short value with these first three letters may be a placeholder; most are told by them alone."""
    folded = start.casefold()
    return not folded[:1].isalnum() or folded[:3] in _STARTS or folded[:2] in _SHORT or folded[:1] in _SHORT


@lru_cache(maxsize=8_192)  # brands and categories come again and again
def _is_short_placeholder(text: str) -> bool:
    if is_leftover(text):
        return True
    bare = text.strip().strip(_EDGES).casefold()
    if not bare:
        return bool(text.strip()) and bool(_NO_WORD.match(text)) and not _has_symbol(text)
    if bare in PHRASES:
        return True
    if bare.split(" ", 1)[0] in OPENERS or _UNSPACED_OPENER.match(bare):
        return _NOTHING_ABOUT.fullmatch(bare) is not None
    return False


def is_unmeant(text: str) -> bool:
    """Whether not even a person who writes an example can mean it as an answer: ``none`` may be one, these are not."""
    return is_leftover(text) or (" " in text.strip() and is_placeholder(text))


def is_leftover(text: str) -> bool:
    """Whether a value is what a program or a designer left: ``[object Object]``, ``{{ name }}``, lorem ipsum."""
    if text[:1] not in _LEFTOVER_BEGINNINGS and not text[:1].isspace():
        return False
    start = text.lstrip()[:14]
    if start[:1] in ("[", "{", "$", "%", "<", "_", "u", "N"):
        return _is_only_leftovers(text.strip())
    return start.casefold().startswith(_FILLER_STARTS) and _is_filler(text)


def _is_only_leftovers(text: str) -> bool:
    place = 0
    while len(text) <= _LONGEST and (match := _LEFTOVER.match(text, place)) is not None:
        place = match.end()
        if place == len(text):
            return True
    return False


def _is_filler(text: str) -> bool:
    words = [word.strip(".,;:!?") for word in text[:_FILLER_LOOKED_AT].casefold().split()]
    return sum(1 for word in words if word in FILLER) >= _FILLER_SHARE * len(words)


def _has_symbol(text: str) -> bool:
    """Whether there is more than punctuation, such as an emoji."""
    return any(ord(character) > 0x2190 and character not in "　、。" for character in text)


_BEGINNINGS = {*PHRASES, *OPENERS, *_FILLER_STARTS, "undefined", "nan"}
_STARTS = frozenset(text[:3] for text in _BEGINNINGS)
_SHORT = frozenset({*(text for text in _BEGINNINGS if len(text) < 3), *"この商製説詳情内"})
