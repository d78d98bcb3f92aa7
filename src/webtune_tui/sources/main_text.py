"""The main text of a web page as Markdown, without navigation, cookie bars and footers. Needs the extra ``web``.

Blocking: for a thread. The library is loaded at the first page, not with this module.
"""

from __future__ import annotations

import codecs
import importlib.util
import logging
import re
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.errors import ExtraMissing, InvalidInput
from webtune_tui.sources.page_text import LINK_MARKS, markdown_of

_META_REACH = 4096  # a page must declare its encoding in its first kilobyte; a little more is forgiven
_LARGE, _MANY_TAGS = 1_000_000, 10_000  # beyond these the library's second opinion, quadratic in time, is left out
_META_CHARSET = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,300}>")  # it tells of bytes that are text by now
_EARLIEST = "1995-01-01"
_LATIN = frozenset({"ascii", "iso8859-1", "iso8859-9"})  # browsers read these labels as their Windows kin
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class MainText:
    """What a page says; empty where not known.

    ``date`` is YYYY-MM-DD, ``language`` a tag such as ``pt-BR``, ``url`` the address that the page gives itself.
    """

    title: str
    date: str
    author: str
    language: str
    text: str
    url: str = ""


def require_extra() -> None:
    """Checks that the library is here. Raises ExtraMissing, whose hint names the command that brings it."""
    if importlib.util.find_spec("trafilatura") is None:
        raise ExtraMissing(
            "Reading the main text of web pages needs a part of webtune that is not installed",
            hint='Run: pip install "webtune-tui[web]"',
        )


def extract(html: bytes | str, url: str = "", *, charset: str | None = None) -> MainText:
    """The main text of a page with what the page says about itself; ``text`` is empty where it has none.

    Bytes are decoded as :func:`decode` does; ``charset`` is what the server declared.

    Raises:
        ExtraMissing: the extra ``web`` is not installed.
        InvalidInput: the page can't be read as HTML at all.
    """
    require_extra()
    page = html if isinstance(html, str) else decode(html, charset)[0]
    page = _DECLARATION.sub("", _SURROGATES.sub("\ufffd", page.replace("\x00", "")))
    if not page.strip():
        return MainText("", "", "", "", "")
    from trafilatura import load_html  # 0.2 s

    for name in ("trafilatura", "htmldate", "courlan"):  # their complaints are no business of the terminal
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        text = markdown_of(page, url=url, is_large=len(page) > _LARGE or page.count("<") > _MANY_TAGS)
        tree = load_html(page)
        if tree is None:
            return MainText(_window_title(page), "", "", "", "")
        about, language = _about(tree), _language(tree)
    except (ValueError, RecursionError, AssertionError, LookupError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The page can't be read as HTML ({type(error).__name__})") from error
    return MainText(
        title=_line(about.title).rstrip(LINK_MARKS) or _window_title(page),
        date=_line(about.date),
        author=_line(about.author),
        language=language,
        text=text,
        url=about.url,
    )


@dataclass(frozen=True, slots=True)
class _About:
    """What a page says of itself."""

    title: str
    date: str
    author: str
    url: str


def _about(tree: Any) -> _About:
    from trafilatura.metadata import extract_metadata

    dates = {"original_date": True, "extensive_search": False, "min_date": _EARLIEST}
    found: Any = extract_metadata(tree, date_config=dates)
    own = [*tree.xpath("//link[@rel='canonical']/@href"), *tree.xpath("//meta[@property='og:url']/@content")]
    url = next((str(one) for one in own if str(one).startswith(("http://", "https://"))), "")
    if found is None:
        return _About("", "", "", url)
    return _About(found.title or "", found.date or "", found.author or "", url or found.url or "")


def _language(tree: Any) -> str:
    """The language that a page declares."""
    declared = [
        tree.get("lang"),
        tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        tree.get("xml:lang"),
        *tree.xpath("//meta[translate(@http-equiv,'CL','cl')='content-language']/@content"),
        *tree.xpath("//meta[@property='og:locale']/@content"),
    ]
    return next((str(one) for one in declared if one and _LANGUAGE.fullmatch(str(one))), "")


def decode(body: bytes, charset: str | None = None) -> tuple[str, str]:
    """A page's bytes as text, and the name of the encoding that was used.

    A byte order mark goes first, then what the server declared, then what the page declares, then UTF-8 where it
    fits, and Windows-1252 at last, as browsers do. Bytes that don't fit become U+FFFD.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, "replace"), name.removesuffix("-sig")
    declared = _META_CHARSET.search(body[:_META_REACH])
    labels = (charset or "", declared.group(1).decode("ascii", "replace") if declared else "")
    for label in labels:
        if name := _codec(label):
            return body.decode(name, "replace"), name
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return body.decode("windows-1252", "replace"), "windows-1252"


def _codec(label: str) -> str:
    """The name of a text codec for a declared label; empty for one that is none."""
    try:
        found = codecs.lookup(label.strip().strip("\"'"))
    except (LookupError, ValueError):
        return ""
    if not getattr(found, "_is_text_encoding", True):  # base64, zip and their kin unpack, which a label must not do
        return ""
    if found.name in ("utf-16", "utf-32", "utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape"):
        return ""  # without a mark nobody writes these; a page that says so lies
    return "windows-1252" if found.name in _LATIN else found.name


def _window_title(page: str) -> str:
    """The title of the window, where nothing better is found."""
    match = re.search(r"<title[^>]{0,200}>([^<]{1,1000})", page[: 64 * 1024], re.IGNORECASE)
    if not match:
        return ""
    from html import unescape

    return _line(unescape(match.group(1)))


def _line(value: str | None) -> str:
    return re.sub(r"\s+", " ", value or "").strip()[:1000]
