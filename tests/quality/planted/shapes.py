"""Rows as scrapers deliver them: products, forum posts with answers, articles and reviews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.quality.planted.grammar import Writer
from tests.quality.planted.key import Planted

TEXT_FIELD = {"product": "description", "thread": "answer", "article": "article_text", "review": "review_text"}
"""The column of each shape that becomes the answer."""
_SITES = {"product": "shop", "thread": "forum", "article": "news", "review": "opinions"}
SHAPES: dict[str, Callable[[Writer], dict[str, Any]]] = {}


def shape_of(row: dict[str, Any]) -> str:
    """The shape of a row."""
    return next(shape for shape, name in TEXT_FIELD.items() if name in row)


def text_of(row: dict[str, Any]) -> str:
    """The text that becomes the answer."""
    return str(row[TEXT_FIELD[shape_of(row)]])


def with_text(row: dict[str, Any], text: str | None) -> dict[str, Any]:
    """The row with another text."""
    return row | {TEXT_FIELD[shape_of(row)]: text}


def product(writer: Writer) -> dict[str, Any]:
    """A product with brand, features and description."""
    writer.begin()
    return {
        "title": writer.line("title"),
        "brand": writer.about("brand"),
        "features": writer.sentences("feature", writer.chance.randint(2, 4)),
        "price": round(writer.chance.uniform(4, 400), 2),
        "description": writer.text("product", writer.chance.randint(4, 8)),
    }


def thread(writer: Writer) -> dict[str, Any]:
    """A question of a forum with its answer."""
    writer.begin()
    asked = f"{writer.line('question')}\n{writer.text('ask', writer.chance.randint(1, 3))}"
    return {"question": asked, "answer": writer.text("answer", writer.chance.randint(3, 6))}


def article(writer: Writer) -> dict[str, Any]:
    """An article with its headline and author."""
    writer.begin()
    return {
        "headline": writer.line("headline"),
        "author": writer.about("expert"),
        "article_text": writer.text("article", writer.chance.randint(5, 10)),
    }


def review(writer: Writer) -> dict[str, Any]:
    """A customer's review."""
    writer.begin()
    return {
        "review_header": writer.line("review_title"),
        "product_name": f"{writer.about('brand')} {writer.about('thing')} {writer.chance.randrange(100, 999)}",
        "rating": writer.chance.randint(1, 5),
        "review_text": writer.text("review", writer.chance.randint(3, 6)),
    }


SHAPES.update(product=product, thread=thread, article=article, review=review)


class Maker:
    """Numbers the records of one language and gives each its address."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.language = writer.language
        self.chance = writer.chance
        self.records: list[Planted] = []

    def row(self, *shapes: str) -> dict[str, Any]:
        """A new clean row of one of the shapes."""
        return SHAPES[self.chance.choice(shapes or tuple(SHAPES))](self.writer)

    def add(self, kind: str, row: dict[str, Any], **told: Any) -> Planted:
        """Puts a record into the corpus."""
        name = f"{self.language}-{len(self.records):04d}"
        if "timestamp" not in row:  # which only a service's own rows carry
            row = row | {"url": f"https://{self.language}.{_SITES[shape_of(row)]}.example/{name}"}
        made = Planted(name=name, language=self.language, kind=kind, row=row, **told)
        self.records.append(made)
        return made

    def clean(self, kind: str = "clean", *shapes: str, **told: Any) -> Planted:
        """Puts a new clean record into the corpus."""
        row = self.row(*shapes)
        return self.add(kind, row, answer=text_of(row), **told)
