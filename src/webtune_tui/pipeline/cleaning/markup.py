"""HTML to the text that a person reads: paragraphs, lists, tables and code blocks keep their shape.

One pass over the tags, whatever their nesting; what is not a known element, such as ``List<String>``, is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from webtune_tui.pipeline.cleaning.entities import decoded
from webtune_tui.pipeline.cleaning.layout import Lines, Page

_TAG = re.compile(
    r"<(?:(/?)([a-zA-Z][a-zA-Z0-9]{0,10})(?=[\s/>])"
    r"""(?:[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+>|[^<>]*>)"""
    r"|(!--)|!doctype[^<>]*>|\?xml[^<>]*>)",
    re.IGNORECASE,
)


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLANK_LINE_AROUND = _names("p h1 h2 h3 h4 h5 h6 blockquote figure dl")
_LINE_AROUND = _names(
    "div section article aside header footer nav main form fieldset details summary address caption figcaption legend"
    " center body html hr"
)
_STRUCTURE = _names("ul ol menu li dt dd table tr td th pre")
_INLINE = _names(
    "a abbr acronym b bdi bdo big button cite code col colgroup data del dfn em font i img input ins kbd label link map"
    " area mark meta meter noscript optgroup option output picture progress q ruby rb rp rt s samp small source span"
    " strike strong sub sup tbody tfoot thead time track tt u var video audio canvas object param wbr base br"
)
_UNREAD = _names("script style template iframe svg select textarea head title noembed math")
_KNOWN = _BLANK_LINE_AROUND | _LINE_AROUND | _STRUCTURE | _INLINE | _UNREAD
_MAKES_LINES = _KNOWN - _INLINE - _UNREAD - {"hr"}
_END = {name: re.compile(rf"</{name}\b[^>]*>", re.IGNORECASE) for name in _UNREAD}
_START = re.compile(r"\bstart\s*=\s*[\"']?(\d{1,6})")
_RAISED = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
_SMALL = {"sup": (re.compile(r"[+\-−]?\d{1,4}|n"), _RAISED), "sub": (re.compile(r"\d{1,4}"), _LOWERED)}


def has_markup(text: str) -> bool:
    """Whether there is a tag of HTML; quick where there is no ``<``."""
    return "<" in text and any(_is_known(tag) for tag in _TAG.finditer(text))


def markup_to_text(text: str) -> str:
    """What a person reads of a piece of HTML.

    List items stand on lines with a dash or their number, table rows on lines with bars, preformatted text in a fence.
    Line breaks of the source count only where no element makes lines.
    """
    if "<![CDATA[" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
    tags = [tag for tag in _TAG.finditer(text) if _is_known(tag)]
    makes_lines = any(tag[2] and tag[2].lower() in _MAKES_LINES for tag in tags)
    page: Page | Lines = Page() if makes_lines else Lines()
    unclosed: set[str] = set()
    place = 0
    small = ""
    for tag in tags:
        start = tag.start()
        if start < place:
            continue
        if start > place:
            page.write(_small(decoded(text[place:start]), small))
        name = (tag[2] or "").lower()
        small = name if name in _SMALL and not tag[1] else ""
        place = tag.end()
        if tag[3]:
            place = _after_comment(text, tag, unclosed)
            if place == tag.end():
                page.write(tag.group())
        elif name in _UNREAD:
            place = _after_unread(text, tag, name, unclosed)
        elif name not in _INLINE or name == "br":
            _apply(page, name, tag)
    page.write(_small(decoded(text[place:]), small))
    return page.text()


def _is_known(tag: re.Match[str]) -> bool:
    return tag[2] is None or tag[2].lower() in _KNOWN


def _small(text: str, element: str) -> str:
    """Figures that stand raised or lowered, as in m² and H₂O."""
    if element and (form := _SMALL[element])[0].fullmatch(text):
        return text.translate(form[1])
    return text


def _after_comment(text: str, tag: re.Match[str], unclosed: set[str]) -> int:
    """The place after a comment; after its first sign where it has no end, so that no text is lost."""
    end = -1 if "!--" in unclosed else text.find("-->", tag.start() + 2)
    if end < 0:
        unclosed.add("!--")
        return tag.end()
    return end + 3


def _after_unread(text: str, tag: re.Match[str], name: str, unclosed: set[str]) -> int:
    """The place after an element whose text is not for reading."""
    if tag[1] or name in unclosed or tag.group().endswith("/>"):
        return tag.end()
    if (end := _END[name].search(text, tag.end())) is not None:
        return end.end()
    unclosed.add(name)
    return len(text) if name in ("script", "style") else tag.end()


def _apply(page: Page | Lines, name: str, tag: re.Match[str]) -> None:
    if name == "br":
        page.line_break()
    elif name in _LINE_AROUND:
        page.line_end(1)
    elif isinstance(page, Lines):
        return
    elif name in _BLANK_LINE_AROUND:
        page.line_end(2)
    elif name in ("ol", "ul", "menu"):
        if tag[1]:
            page.end_list()
        else:
            start = _START.search(tag.group()) if name == "ol" else None
            page.start_list(int(start[1]) if start else int(name == "ol"))
    else:
        _STRUCTURES[name, bool(tag[1])](page)


_STRUCTURES: dict[tuple[str, bool], Callable[[Page], None]] = {
    ("li", False): Page.start_item,
    ("li", True): Page.end_item,
    ("dt", False): Page.start_term,
    ("dt", True): Page.end_term,
    ("dd", False): Page.start_meaning,
    ("dd", True): Page.end_item,
    ("table", False): Page.start_table,
    ("table", True): Page.end_table,
    ("tr", False): Page.start_row,
    ("tr", True): Page.end_row,
    ("td", False): Page.start_cell,
    ("td", True): Page.end_cell,
    ("th", False): Page.start_header,
    ("th", True): Page.end_cell,
    ("pre", False): Page.start_code,
    ("pre", True): Page.end_code,
}
