"""Whether a text mentions a person, and the text without it.

A form is what identifies the person: a name, an e-mail address, a profile's address, a phone number. It is found on
word borders, whatever its case, spacing and Unicode composition, also behind the escapes of JSON, HTML and URLs and
with markup between its words. What a person types is never a pattern.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from webtune_tui.domain.errors import UsageError

ERASED = "[erased]"
SHORTEST = 3
"""Letters and digits that a form has at least: shorter ones would be found everywhere."""

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAME_MARKS = re.compile(r"[_.\-]+")
_SPACES = re.compile(r"\s+")
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?=[\w-]+(?:\.[\w-]+)+/\S)", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+|00)?[\d\s().\-/]+")
_PHONE_DIGITS = 7
_PHONE_GAP = r"[\s().\-/]{0,3}"
_ESCAPED_GAP = r"(?:\\u[0-9a-f]{4}|%[0-9a-f]{2}|\D){0,8}"
_WORD_GAP = r"(?:[\s*_]|<[^<>]{0,200}>)+"  # spaces, and what HTML and Markdown put between two words to mark them
_RUN = re.compile("[a-z0-9]+")
_DEEPEST = 3  # JSON inside JSON inside JSON
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)  # scripts that write words without spaces between them, or endings right behind a name


@dataclass(frozen=True)
class Person:
    """The forms of a person that are looked for. ``exact`` takes case, spacing and punctuation as they are written.

    Raises:
        UsageError: there is no form, or one is too short to mean one person.
    """

    forms: Sequence[str]
    exact: bool = False

    def __post_init__(self) -> None:
        if not self.forms:
            raise UsageError("No person is named", hint="Such as --person anna@example.com")
        for form in self.forms:
            if sum(character.isalnum() for character in form) < SHORTEST:
                raise UsageError(
                    f"{form!r} is too short to mean one person",
                    hint=f"Give at least {SHORTEST} letters or digits, such as a full name or an e-mail address.",
                )

    def is_in(self, text: str) -> bool:
        """Whether the text mentions the person, as it stands or behind escapes."""
        if not self._may_be_in(text):
            return False
        return any(pattern.search(reading) for reading in _readings(text) for pattern in self._patterns)

    def is_in_name(self, name: str) -> bool:
        """Whether a name that takes no spaces (of a file, a tag, a version) is the person's: its marks part words."""
        return self.is_in(name) or self.is_in(_NAME_MARKS.sub(" ", name))

    def without(self, text: str) -> str:
        """The text with :data:`ERASED` for each mention; no more than that word where only escapes hide one."""
        if not self.is_in(text):
            return text
        plain = unicodedata.normalize("NFC", text)
        for pattern in self._patterns:
            plain = pattern.sub(ERASED, plain)
        return ERASED if self.is_in(plain) else plain

    def without_in(self, value: Any) -> Any:
        """A plain JSON value without mentions, in names and texts alike; a number that is one becomes a text."""
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            return {self.without(name): self.without_in(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.without_in(each) for each in value]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return ERASED if is_number and self.is_in(str(value)) else value

    def _may_be_in(self, text: str) -> bool:
        """False only where no reading can hold a form; cheap, since nearly every text ends here."""
        if "&#" in text:
            return True
        folded = text.lower() if text.isascii() else text.casefold()
        if any(anchor in folded for anchor in self._anchors):
            return True
        if any(digits.search(folded) for digits in self._digits):
            return True
        if not self._letters:
            return False
        is_escaped = "\\u" in text or "%" in text or "&" in text
        return is_escaped or any(letter in unicodedata.normalize("NFC", folded) for letter in self._letters)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(pattern for form in self.forms for pattern in _patterns_of(form, exact=self.exact))

    @cached_property
    def _anchors(self) -> tuple[str, ...]:
        """The longest run of plain letters and digits of each form that has one: no encoder changes it."""
        return tuple(anchor for form in self.forms if (anchor := _anchor(form, exact=self.exact)))

    @cached_property
    def _digits(self) -> tuple[re.Pattern[str], ...]:
        """The digits of phone numbers with whatever may stand between them, escapes included."""
        phones = [form for form in self.forms if not self.exact and _is_phone(form)]
        return tuple(re.compile(_ESCAPED_GAP.join(_phone_digits(phone))) for phone in phones)

    @cached_property
    def _letters(self) -> tuple[str, ...]:
        """The first letters of the forms in other scripts, which have no run of plain ones."""
        stems = [
            _stem(form, exact=self.exact).casefold()
            for form in self.forms
            if not _anchor(form, exact=self.exact) and (self.exact or not _is_phone(form))
        ]
        return tuple(unicodedata.normalize("NFC", stem)[0] for stem in stems)


def _anchor(form: str, *, exact: bool) -> str:
    """The longest run of a form that no encoder changes; empty where there is none, as in a phone number."""
    if not exact and _is_phone(form):
        return ""
    runs = _RUN.findall(_stem(form, exact=exact).casefold())
    return max(runs, key=len, default="")


def _stem(form: str, *, exact: bool) -> str:
    """A form without what may be missing elsewhere: the scheme and the last slash of an address."""
    plain = unicodedata.normalize("NFC", form).strip()
    if exact:
        return plain
    if begin := _ADDRESS.match(plain):
        plain = plain[begin.end() :].rstrip("/")
    return _SPACES.sub(" ", plain)


def _is_phone(form: str) -> bool:
    return bool(_PHONE.fullmatch(form.strip())) and sum(map(str.isdigit, form)) >= _PHONE_DIGITS


def _phone_digits(form: str) -> str:
    return "".join(character for character in form if character.isdigit()).removeprefix("00")


def _patterns_of(form: str, *, exact: bool) -> Iterator[re.Pattern[str]]:
    """The patterns that find a form: literal text and borders, nothing that could run away."""
    flags = re.NOFLAG if exact else re.IGNORECASE
    if not exact and _is_phone(form):
        yield re.compile(rf"(?<!\d)(?:\+|00)?{_PHONE_GAP.join(_phone_digits(form))}(?!\d)")
        return
    stem = _stem(form, exact=exact)
    spellings = {stem} if exact else {stem, unicodedata.normalize("NFC", stem.casefold())}
    for spelling in sorted(spellings):
        body = re.escape(spelling) if exact else _WORD_GAP.join(map(re.escape, spelling.split(" ")))
        yield re.compile(_border_before(stem) + body + _border_after(stem), flags)


def _border_before(stem: str) -> str:
    if "@" in stem:
        return r"(?<![\w+%-])(?<!\w\.)"
    return "" if _UNSPACED.match(stem[0]) or not stem[0].isalnum() else r"(?<![^\W_])"


def _border_after(stem: str) -> str:
    if "@" in stem or "/" in stem:
        return r"(?!\w|[.-]\w)"
    return "" if _UNSPACED.match(stem[-1]) or not stem[-1].isalnum() else r"(?![^\W_])"


def _readings(text: str) -> Iterator[str]:
    """The text as it stands and as those read it who undo its escapes, each also case-folded where that tells more."""
    for _ in range(_DEEPEST + 1):
        plain = text if text.isascii() else unicodedata.normalize("NFC", text)
        yield plain
        if not plain.isascii() and (folded := unicodedata.normalize("NFC", plain.casefold())) != plain:
            yield folded
        undone = _undone(text)
        if undone == text:
            return
        text = undone


def _undone(text: str) -> str:
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
        if _SURROGATE.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "&" in text:
        text = html.unescape(text)
    return unquote(text, errors="replace") if "%" in text else text


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code is None:
        return _CONTROLS.get(match.group(4), match.group(4))
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else "\ufffd"
