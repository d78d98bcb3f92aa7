"""Reviews, articles, posts and pages become: title and what else is known, answered by the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import QUESTION, BuildPlan
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.placeholders import is_placeholder
from webtune_tui.pipeline.preferences import with_rejected
from webtune_tui.pipeline.questions import forms_of, is_question, question
from webtune_tui.pipeline.template import as_text
from webtune_tui.pipeline.threads import ACCEPTED_ID, ANSWERS, answers_of, best_of, pair_of

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
_LANGUAGES = ("language", "lang", "locale", "post_language", "transcript_language", "content_language")
_ASKS_WITHIN = 300  # characters at the end of a post in which it asks, where its title does not


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

    def has_text(self, fields: Mapping[str, Any]) -> bool:
        """Whether one of the columns of running text is filled."""
        return bool(_text(Columns(fields))[1])

    def asks_itself(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row has a question of its own: its title is one, or it is a thread with a best answer."""
        row = Columns(fields)
        return is_question(title_of(row)) or _thread(row, BuildPlan(documents=QUESTION)) is not None

    def reads_for(self, plan: BuildPlan) -> tuple[str, ...]:
        """The answers to a post too, where the plan wants questions or pairs."""
        if plan.asks or plan.preferences:
            return (*self.reads, *ANSWERS, *ACCEPTED_ID, *_LANGUAGES)
        return self.reads

    def build_all(self, fields: Mapping[str, Any], plan: BuildPlan) -> Sequence[Conversation]:
        """The conversation: as :meth:`build`, or a question and its answer where the plan wants that."""
        made: Conversation | None = None
        if plan.asks or plan.preferences:
            made = _thread(Columns(fields), plan)
        if made is None and plan.asks:
            made = _question(Columns(fields))
        if made is None:
            made = self.build(fields)
        return [made] if made is not None else []


def title_of(row: Columns) -> str:
    """The title of a text; empty where there is none that says something."""
    return _told(row, _TITLES)


def _question(row: Columns) -> Conversation | None:
    """The question that the title makes, answered by the text; ``None`` without a title."""
    kind, answer = _text(row)
    title = title_of(row)
    if not title:
        return None
    forms = forms_of(title, answer, as_text(row.get(*_LANGUAGES)))
    product = _told(row, ("product_name", "product_title", "product")) if kind == "review" else ""
    product = "" if product == title else product
    asked = question(title, forms, kind, about=product)
    messages = (
        Message("system", forms.system),
        Message("user", asked),
        Message("assistant", answer),
    )
    return Conversation(messages, (title, product) if product and product in asked else (title,))


def _thread(row: Columns, plan: BuildPlan) -> Conversation | None:
    """A post that asks and its best answer; ``None`` where nothing tells which one that is.

    Under a plan that wants only pairs a post must have one.
    """
    title, body = title_of(row), _text(row)[1]
    answers = answers_of(row, is_question(title) or "?" in body[-_ASKS_WITHIN:] or "？" in body[-_ASKS_WITHIN:])
    best = best_of(answers)
    pair = pair_of(answers, plan.preference_margin) if plan.preferences else None
    if best is None or (pair is None and not plan.asks):
        return None
    values = tuple(value for value in dict.fromkeys((title, body)) if value)
    if not values:
        return None
    messages = (
        Message("system", forms_of(title, body or best.text, as_text(row.get(*_LANGUAGES))).system),
        Message("user", "\n\n".join(values)),
        Message("assistant", best.text),
    )
    made = Conversation(messages, values)
    return with_rejected(made, pair.rejected) if pair else made


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
