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
    names = [(tag[2] or "").lower() for tag in tags]
    page: Page | Lines = Lines() if _MAKES_LINES.isdisjoint(names) else Page()
    unclosed: set[str] = set()
    place = 0
    small = ""
    for tag, name in zip(tags, names, strict=True):
        start, end = tag.span()
        if start < place:
            continue
        if start > place:
            page.write(_read(text[place:start], small))
        small = name if name in _SMALL and not tag[1] else ""
        place = end
        if (action := _ACTIONS.get(name)) is not None:
            action(page, tag)
        elif tag[3]:
            place = _after_comment(text, tag, unclosed)
            if place == end:
                page.write(tag.group())
        elif name in _UNREAD:
            place = _after_unread(text, tag, name, unclosed)
    if place < len(text):
        page.write(_read(text[place:], small))
    return page.text()


def _is_known(tag: re.Match[str]) -> bool:
    return tag[2] is None or tag[2].lower() in _KNOWN


def _read(text: str, element: str) -> str:
    """The characters that are meant; figures that stand raised or lowered do so, as in m² and H₂O."""
    if "&" in text:
        text = decoded(text)
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


def _start_list(page: Page, tag: re.Match[str]) -> None:
    start = _START.search(tag.group()) if tag[2] in "olOL" else None
    page.start_list(int(start[1]) if start else int(tag[2] in "olOL"))


def _action(name: str) -> Callable[[Page | Lines, re.Match[str]], None] | None:
    """What an element's tags do; ``None`` where they only mark words."""
    if name == "br":
        return lambda page, tag: page.line_break()
    if name in _LINE_AROUND:
        return lambda page, tag: page.line_end(1)
    if name in _BLANK_LINE_AROUND:
        return lambda page, tag: page.line_end(2)
    if name in _STRUCTURE:
        begin, end = _STRUCTURES[name]

        def act(page: Page | Lines, tag: re.Match[str]) -> None:
            assert isinstance(page, Page)
            if tag[1]:
                end(page)
            else:
                begin(page, tag)

        return act
    return None


def _without_tag(method: Callable[[Page], None]) -> Callable[[Page, re.Match[str]], None]:
    return lambda page, tag: method(page)


_LIST = (_start_list, Page.end_list)
_STRUCTURES: dict[str, tuple[Callable[[Page, re.Match[str]], None], Callable[[Page], None]]] = {
    "ul": _LIST,
    "ol": _LIST,
    "menu": _LIST,
    "li": (_without_tag(Page.start_item), Page.end_item),
    "dt": (_without_tag(Page.start_term), Page.end_term),
    "dd": (_without_tag(Page.start_meaning), Page.end_item),
    "table": (_without_tag(Page.start_table), Page.end_table),
    "tr": (_without_tag(Page.start_row), Page.end_row),
    "td": (_without_tag(Page.start_cell), Page.end_cell),
    "th": (_without_tag(Page.start_header), Page.end_cell),
    "pre": (_without_tag(Page.start_code), Page.end_code),
}
_ACTIONS = {name: action for name in _KNOWN if (action := _action(name)) is not None}
