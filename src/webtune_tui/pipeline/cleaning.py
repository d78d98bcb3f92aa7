"""Cleaning one text: what a page's markup and hidden characters leave of it is what a person would read."""

from __future__ import annotations

import html
import html.entities
import re
import unicodedata
from collections import Counter

_MAY_NEED_WORK = re.compile(r"[^\x20-\x7e]|[<&]|  |^ | $|\[/?INST\]", re.MULTILINE)
_ROUNDS = 6
_MOST_TAGS = 4_000  # beyond it the parser's time grows with the square of the nesting

_ENTITY = re.compile(r"&(?:amp;){0,8}(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAGS = (
    "a|abbr|address|article|aside|b|big|blockquote|body|br|button|caption|center|cite|code|col|colgroup|dd|del|details"
    "|div|dl|dt|em|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd"
    "|label|legend|li|link|main|mark|meta|nav|noscript|ol|option|p|picture|pre|q|s|samp|script|section|select|small"
    "|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|tt"
    "|u|ul|var|video|wbr"
)
_TAG = re.compile(rf"</?(?:{_TAGS})(?=[\s/>])[^<>]*>|<!--|<!doctype[^<>]*>|<\?xml[^<>]*>", re.IGNORECASE)
_NOT_A_TAG = re.compile(rf"<(?!/?(?:{_TAGS})(?=[\s/>])[^<>]*>|!--|!doctype[^<>]*>)", re.IGNORECASE)
_UNREAD = ["script", "style", "template", "noscript", "iframe", "svg", "select", "textarea", "head", "title"]
_ITEM = re.compile(r"<li\b[^<>]*>\s*", re.IGNORECASE)
_CELL = re.compile(r"(?:</t[dh]\s*>\s*)?<t[dh]\b[^<>]*>\s*", re.IGNORECASE)
_ROW = re.compile(r"<tr\b[^<>]*>\s*(?:<t[dh]\b[^<>]*>\s*)?", re.IGNORECASE)
_LINE = re.compile(r"<(?:br|hr)\b[^<>]*>", re.IGNORECASE)
_BLOCK = re.compile(
    r"</?(?:p|div|ul|ol|dl|dd|dt|h[1-6]|table|thead|tbody|tfoot|caption|section|article|aside|header|footer|nav"
    r"|blockquote|pre|figure|figcaption|form|fieldset|details|summary|main|address)\b[^<>]*>",
    re.IGNORECASE,
)
_PAGE = re.compile(r"\s*<(?:!doctype|html|body|head|p|div|h[1-6]|ul|ol|table|section|article|span)\b", re.IGNORECASE)
_LAYOUT = ((_ROW, "\n"), (_ITEM, "\n- "), (_CELL, " | "), (_LINE, "\n"), (_BLOCK, "\n"))

_ANSI = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-~]"
)
_NEWLINES = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_SPACES = re.compile("[^\\S\n]+|[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800]+")
_ODD_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800\x1c-\x1f]")
_LINE_EDGES = re.compile(r" *\n *")
_BLANK_LINES = re.compile(r"\n{3,}")

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("control", re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")),
    ("bidi", re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")),
    (
        "zero_width",
        re.compile(
            "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
            "|(?<![\u0600-\u08ff\u0900-\u0dff\u1780-\u17ff\u1000-\u109f])\u200c"
            "|(?<![\u0600-\u08ff\u0900-\u0dff\u1780-\u17ff\u1000-\u109f\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"
        ),
    ),
    ("tag", re.compile("[\U000e0000-\U000e0fff]")),
    ("surrogate", re.compile("[\ud800-\udfff]")),
    ("noncharacter", re.compile("[\ufdd0-\ufdef\ufffe\uffff]")),
)
_HIDDEN = re.compile("|".join(pattern.pattern for _, pattern in _KINDS))

MODEL_TOKEN = re.compile(
    r"<\|([A-Za-z0-9_/ :.-]{1,40})\|>|<｜([^<>｜\n]{1,40})｜>|\[(/?INST)\]|<<(/?SYS)>>"
    r"|<(/?(?:s|bos|eos|pad|unk|mask|start_of_turn|end_of_turn|think|tool_call|tool_response|extra_id_\d{1,3}))>"
)


class Cleaner:
    """Cleans texts and counts by kind what it removed: control, bidi, zero_width, tag, surrogate, ansi, markup ..."""

    def __init__(self, *, html: bool = True, invisible: bool = True, model_tokens: bool = True) -> None:
        self._html = html
        self._invisible = invisible
        self._model_tokens = model_tokens
        self.removed: Counter[str] = Counter()

    def clean(self, text: str, *, is_written: bool = False) -> str:
        """The text in its cleaned form, which cleaning again leaves as it is.

        ``is_written`` says that it was written as an example and not scraped. Its spaces may be code's, and so may
        its tags unless it begins with one. Markdown with fenced code is left in its layout wherever it comes from.
        """
        if _MAY_NEED_WORK.search(text) is None:
            return text
        if text.isascii() and _is_address(text):
            return text
        for _ in range(_ROUNDS):
            before = text
            text = self._once(text, is_written)
            if text == before:
                return text
        return self._flattened(text)

    def _once(self, text: str, is_written: bool = False) -> str:
        if self._invisible:
            text = self._without_hidden(text)
        is_fenced = "```" in text
        if "&" in text and not is_fenced:
            text = _ENTITY.sub(_decoded, text)
        keeps_layout = is_fenced or (is_written and _PAGE.match(text) is None)
        if self._html and not keeps_layout and "<" in text and _TAG.search(text):
            self.removed["markup"] += 1
            text = markup_to_text(text)
        if self._model_tokens and ("<" in text or "[" in text):
            text = MODEL_TOKEN.sub(self._neutral, text)
        if not text.isascii() and not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
        return tidy_lines(text) if keeps_layout else tidy_space(text)

    def _flattened(self, text: str) -> str:
        """For text that was encoded over and over: what could still be read as markup loses its signs."""
        text = text.replace("<", " ").replace("&", " ")
        for _ in range(_ROUNDS):
            text = self._once(text)
        return text

    def _without_hidden(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        if "\x1b" in text or not text.isascii():
            text = self._counted(text, _ANSI, "ansi")
        if _HIDDEN.search(text):
            for kind, pattern in _KINDS:
                text = self._counted(text, pattern, kind)
        return text

    def _counted(self, text: str, pattern: re.Pattern[str], kind: str) -> str:
        text, count = pattern.subn("", text)
        if count:
            self.removed[kind] += count
        return text

    def _neutral(self, match: re.Match[str]) -> str:
        self.removed["model_token"] += 1
        return f"({next(group for group in match.groups() if group)})"


def markup_to_text(text: str) -> str:
    """What a person reads of a piece of HTML: list items on lines with a dash, table rows on lines with bars."""
    text = _NOT_A_TAG.sub("&lt;", text)
    for pattern, replacement in _LAYOUT:
        text = pattern.sub(replacement, text)
    if text.count("<") > _MOST_TAGS:
        return html.unescape(_TAG.sub("", text))
    from selectolax.lexbor import LexborHTMLParser  # only rows with tags need it

    parsed = LexborHTMLParser(f"<body>{_encodable(text)}")
    parsed.strip_tags(_UNREAD)
    return parsed.body.text(deep=True, separator="") if parsed.body is not None else ""


def tidy_space(text: str) -> str:
    """Lines without edge spaces, single spaces between words, at most one empty line in a row."""
    if not text.isprintable():
        text = _NEWLINES.sub("\n", text)
    text = _SPACES.sub(" ", text)
    if "\n" in text:
        text = _BLANK_LINES.sub("\n\n", _LINE_EDGES.sub("\n", text))
    return text.strip()


def tidy_lines(text: str) -> str:
    """The lines as they are laid out, without trailing spaces and without empty lines around them."""
    if not text.isprintable():
        text = _NEWLINES.sub("\n", text)
    text = _ODD_SPACES.sub(" ", text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _decoded(match: re.Match[str]) -> str:
    name = match.group(1)
    if name[0] != "#" and f"{name};" not in html.entities.html5:
        return match.group()
    return html.unescape(f"&{name};")


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://")) and not re.search(r"[\s<]", text)
