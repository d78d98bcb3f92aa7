"""Reviews, articles, posts and pages become: title and what else is known, answered by the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.placeholders import is_placeholder
from webtune_tui.pipeline.template import as_text

_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("review", ("review_text", "review_body", "review", "reviewtext", "review_content")),
    ("article", ("article_text", "article_body", "article", "articlebody")),
    ("post", ("post_text", "post_content", "post_body", "selftext", "caption", "tweet", "comment_text", "comment")),
    ("page", ("page_text", "markdown", "page_html", "html")),
    ("text", ("text", "content", "body", "transcript", "description", "summary", "about", "message")),
)
_TEXTS = tuple(name for _, names in _KINDS for name in names)
_TITLES = ("title", "headline", "heading", "subject", "name", "review_title", "review_header", "page_title")
_KNOWN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Product", ("product_name", "product_title", "product")),
    ("Brand", ("brand",)),
    ("Rating", ("rating", "review_rating", "stars", "score")),
    ("Author", ("author", "author_name", "byline", "username", "user_posted", "channel")),
    ("Topic", ("topic", "category", "section", "community_name", "subreddit")),
    ("Keywords", ("keywords", "tags", "hashtags")),
    ("Published", ("publication_date", "date_published", "date_posted", "published_at", "date")),
)
_SYSTEMS = {
    "review": "You write customer reviews: personal, concrete, in plain words.",
    "article": "You write articles: informed, well ordered, ready to publish.",
    "post": "You write posts for a community: personal and to the point.",
    "page": "You write the text of web pages: clear, complete, ready to publish.",
    "text": "You write texts to a given title: clear, complete, ready to publish.",
}


class Texts:
    """Asks for a text by its title and the facts beside it."""

    name: ClassVar[str] = "texts"
    order: ClassVar[int] = 40
    is_written: ClassVar[bool] = False
    judges_by_names: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = (*_TEXTS, *_TITLES, *(name for _, names in _KNOWN for name in names))

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row has a column of running text."""
        return Columns(fields).has(*_TEXTS)

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The conversation; ``None`` for a row with neither text nor title."""
        row = Columns(fields)
        kind, answer = _text(row)
        title = _told(row, _TITLES)
        known = [(label, value) for label, names in _KNOWN if (value := _told(row, names)) and value != title]
        if not answer and not title:
            return None
        lines = [f"Write the {kind} titled “{title}”." if title else f"Write a {kind}."]
        lines += [f"{label}: {value}" for label, value in known]
        messages = (
            Message("system", _SYSTEMS[kind]),
            Message("user", "\n".join(lines)),
            Message("assistant", answer),
        )
        return Conversation(messages, tuple(value for value in (title, *(value for _, value in known)) if value))


def _text(row: Columns) -> tuple[str, str]:
    """The kind of text and the text of the first filled column."""
    kind = next((kind for kind, names in _KINDS if row.has(*names)), "text")
    for filled_kind, names in _KINDS:
        for name in names:
            if isinstance(value := row.get(name), str) and value.strip():
                return filled_kind, value.strip()
    return kind, ""


def _told(row: Columns, names: tuple[str, ...]) -> str:
    value = row.get(*names)
    text = as_text(value)
    return "" if is_placeholder(text) or len(text) > 300 else text


BUILDER = Texts()
