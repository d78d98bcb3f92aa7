"""The main text of an HTML page as Markdown, by trafilatura, with the structure that some pages would lose.

A page whose text stands in no article or known block is read paragraph by paragraph, and its headings and lists are
lost (DocBook manuals are of that kind). It is then read again with its body as one article, its headings out of the
boxes around them; that text is taken where it has the headings and is not much longer, so that no menu comes with it.
"""

from __future__ import annotations

import logging
import re
from typing import Any

_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LONGER = 1.6  # times the plain reading, and a little more for short pages
_SPARE = 500


def main_text(page: str) -> str | None:
    """The text; ``None`` where there is none."""
    from trafilatura import load_html  # 0.3 s, paid by those who import pages

    for name in ("trafilatura", "htmldate", "courlan"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said by our own rejects
    text = _extract(page) or _extract(page, favor_recall=True)
    if text and _HEADING.search(text):
        return text
    tree = load_html(page)
    if tree is None or not any(True for _ in tree.iter(*_HEADINGS)):
        return text
    _tidy(tree)
    structured = _extract(tree)
    if structured and _HEADING.search(structured) and len(structured) <= _LONGER * len(text or "") + _SPARE:
        return structured
    return text


def _extract(page: Any, *, favor_recall: bool = False) -> str | None:
    from trafilatura import extract

    text: str | None = extract(page, output_format="markdown", include_comments=False, favor_recall=favor_recall)
    return text.strip() if text and text.strip() else None


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
