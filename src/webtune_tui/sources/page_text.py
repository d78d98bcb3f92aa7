"""The main text of an HTML page as Markdown, by trafilatura, with the structure that some pages would lose.

A page whose text stands in no article or known block is read paragraph by paragraph, and its headings and lists are
lost (DocBook manuals are of that kind). It is then read again with its body as one article, its headings out of the
boxes around them; that text is taken where it has the headings and is not much longer, so that no menu comes with it.
"""

from __future__ import annotations

import re
from typing import Any

_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
LINK_MARKS = "¶🔗 "
"""What documentation tools put behind a heading to link to it."""
_LINK_MARK = re.compile(rf"^(#{{1,6}} [^\n]{{1,300}}?)[{LINK_MARKS}]+$", re.MULTILINE)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LONGER = 1.6  # times the plain reading, and a little more for short pages
_SPARE = 500


def markdown_of(page: str, *, url: str = "", is_large: bool = False) -> str:
    """The main text of a page; empty where it has none. A large page gets no slow second opinion.

    ``url`` is where it was fetched, if it was.
    """
    from trafilatura import load_html  # 0.3 s, paid by those who read pages

    text = _extract(page, url, fast=is_large) or _extract(page, url, fast=is_large, favor_recall=True)
    if not _HEADING.search(text):
        text = _structured(load_html(page), url, len(text), fast=is_large) or text
    return _LINK_MARK.sub(r"\1", text)


def _structured(tree: Any, url: str, plain_length: int, *, fast: bool) -> str:
    """The text of a page read as one article, where that has headings and is not much longer; else empty."""
    if tree is None or not any(True for _ in tree.iter(*_HEADINGS)):
        return ""
    _tidy(tree)
    text = _extract(tree, url, fast=fast)
    return text if _HEADING.search(text) and len(text) <= _LONGER * plain_length + _SPARE else ""


def _extract(page: Any, url: str, *, fast: bool = False, favor_recall: bool = False) -> str:
    from trafilatura import extract

    text = extract(
        page,
        url=url or None,
        output_format="markdown",
        include_comments=False,
        fast=fast,
        favor_recall=favor_recall,
    )
    return (text or "").strip()


def _tidy(tree: Any) -> None:
    """Puts the body into one article and takes away what hides headings and list items from the extraction."""
    for anchor in list(tree.iter("a")):
        if not anchor.get("href"):
            anchor.drop_tag()  # a place to link to, which would take the heading behind it along
    for heading in list(tree.iter(*_HEADINGS)):
        heading.attrib.clear()
        while (box := heading.getparent()) is not None and _is_box(box):
            box.drop_tag()
    for item in tree.iter("li"):
        first = next((child for child in item if isinstance(child.tag, str)), None)
        if first is not None and first.tag == "p" and not (item.text or "").strip():
            first.drop_tag()
    body = tree.find("body")
    if body is not None and not tree.xpath("//article | //main"):
        article = body.makeelement("article")
        article.text, body.text = body.text, None
        article.extend(list(body))
        body.append(article)


def _is_box(element: Any) -> bool:
    """A ``div`` around one thing only."""
    return element.tag == "div" and len(element) == 1 and not (element.text or "").strip()
