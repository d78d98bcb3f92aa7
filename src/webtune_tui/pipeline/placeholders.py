"""Values that stand for nothing: ``N/A``, ``No description available``, ``-`` and their kin."""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 60
_PHRASES = re.compile(
    r"(?:n\s?[/.]?\s?a\.?|none|null|nil|nan|tb[ad]|to be (?:announced|defined|added)|unknown"
    r"|(?:lorem ipsum.*)|coming soon|(?:description|text|content|details?) (?:coming soon|to follow)"
    r"|not (?:available|applicable|specified|provided|set)|unavailable|placeholder"
    r"|(?:there is )?no (?:product |item |further )?(?:description|text|content|details?|information|info|data|title|"
    r"review|answer)s?(?: (?:is |are |was |were )?(?:available|provided|given|found|yet|for this (?:product|item)))?"
    r"|(?:product |item )?(?:description|information|details?) (?:is )?(?:not |un)(?: ?available|provided)"
    r"|see (?:title|above|image|images|picture|photo|photos)|as (?:shown|pictured|described|above)"
    r"|keine (?:beschreibung|angaben?)(?: verfügbar| vorhanden)?|nicht verfügbar"
    r"|sem (?:descrição|informação|informações|título)(?: disponível)?|não (?:disponível|informado|há descrição)"
    r"|sin (?:descripción|información)(?: disponible)?|no disponible"
    r"|pas de description(?: disponible)?|non disponible|aucune description(?: disponible)?"
    r"|nessuna descrizione(?: disponibile)?|説明なし|なし|無し|暂无|无|无描述)",
    re.IGNORECASE,
)
# two letters rule most values out; each phrase begins with "n" or one of these
_BEGINNINGS = frozenset(
    ["tb", "to", "te", "th", "un", "lo", "co", "de", "pl", "pr", "pa", "it", "in", "se", "si", "as", "au", "ke"]
)
_NO_WORD = re.compile(r"[\W_]*\Z")


def is_placeholder(text: str) -> bool:
    """Whether a value only says that there is none."""
    return len(text) <= _LONGEST and _is_short_placeholder(text)


@lru_cache(maxsize=8_192)  # brands and categories come again and again
def _is_short_placeholder(text: str) -> bool:
    bare = text.strip().strip(".!?…-–—_*()[]<>\"' ").strip()
    if not bare:
        return bool(text.strip()) and bool(_NO_WORD.match(text)) and not _has_symbol(text)
    head = bare[:2].lower()
    may_match = head in _BEGINNINGS or head[0] == "n" or not head.isascii()
    return may_match and _PHRASES.fullmatch(bare) is not None


def _has_symbol(text: str) -> bool:
    """Whether there is more than punctuation, such as an emoji."""
    return any(ord(character) > 0x2190 and character not in "　、。" for character in text)
