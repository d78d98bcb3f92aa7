"""Titles become questions in the language of their text; the same title always becomes the same question."""

from __future__ import annotations

import re
from collections import Counter
from zlib import crc32

from webtune_tui.pipeline.question_forms import FORMS, QuestionForms

DEFAULT_LANGUAGE = "en"

_KANA = re.compile("[\u3040-\u30ff]")
_SAMPLE = 800  # characters of a text that are looked at for its language
_SURE = 3  # common words that a text must have before it counts as a language other than the default
_JAPANESE_ENDINGS = ("か", "か。", "とは", "とは。")
_SPOKEN_IN = {
    word: tuple(name for name, forms in FORMS.items() if word in forms.common)
    for forms in FORMS.values()
    for word in forms.common
}
_TOPICAL = ("article", "page", "text")


def question(title: str, forms: QuestionForms, kind: str = "text", *, about: str = "") -> str:
    """The question that a text answers: the title where it is one, else one of the forms with the title in it.

    ``forms`` are those of the text's language, see :func:`forms_of`; ``kind`` is ``review``, ``article``, ``post``,
    ``page`` or ``text``; ``about`` names what the text is about where the title does not, such as the product of a
    review.
    """
    if is_question(title, forms):
        return title
    choices = (*forms.forms, *forms.topics) if kind in _TOPICAL and not about else forms.forms
    named = f"{title} ({about})" if about else title
    chosen = choices[crc32(named.encode("utf-8", "replace")) % len(choices)]
    return chosen.format(the=forms.the[kind], within=forms.within[kind], title=named)


def forms_of(title: str, text: str, language: str = "") -> QuestionForms:
    """The words of the language in which a text is written; ``language`` is a tag such as ``de-AT`` where known."""
    return FORMS[language_of(f"{title}\n{text[:_SAMPLE]}", language)]


def language_of(text: str, told: str = "") -> str:
    """The one of the six languages that ``told`` names, else the one whose common words a text has most of.

    English for every other language: the forms have to be in one of them.
    """
    tag = told[:2].lower()
    if tag in FORMS and (len(told) == 2 or not told[2:3].isalpha()):
        return tag
    sample = text[:_SAMPLE]
    if not sample.isascii() and len(_KANA.findall(sample)) * 10 > len(sample):
        return "ja"
    found = [name for word in sample.lower().split() if word in _SPOKEN_IN for name in _SPOKEN_IN[word]]
    best, count = max(Counter([DEFAULT_LANGUAGE, *found]).items(), key=lambda one: one[1])
    return best if count >= _SURE else DEFAULT_LANGUAGE


def is_question(title: str, forms: QuestionForms | None = None) -> bool:
    """Whether a title asks something itself, with or without a question mark.

    Without a mark its first words tell it, in English and in the language of ``forms`` (without: in each that we know).
    """
    bare = title.rstrip(" \"'”’»」』)）")
    if bare.endswith(("?", "？", "؟")) or bare.startswith("¿"):
        return True
    if not bare.isascii() and bare.endswith(_JAPANESE_ENDINGS) and _KANA.search(bare):
        return True
    words = bare.lower().split(maxsplit=3)
    asked = FORMS.values() if forms is None else (forms, FORMS[DEFAULT_LANGUAGE])
    return any(_opens(one, words) for one in asked)


def _opens(forms: QuestionForms, words: list[str]) -> bool:
    """Whether the first words begin a question and the next one goes on with it."""
    for count in (1, 2):
        if len(words) > count and " ".join(words[:count]) in forms.openers:
            return words[count] not in forms.never_after
    return False
