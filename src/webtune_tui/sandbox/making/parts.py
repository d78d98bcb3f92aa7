"""The hand-written parts: departments and product types as one file of `data/parts` gives them.

A file of parts starts with `@ department | best-seller root | slug | words that mean this category` and
`% brands`. Each product type follows:

    # noun | short word | shelf > shelf | low-high price | weight | dimensions | keywords
    = attribute: value / value / value
    > opening sentence (one for each product made of this type)
    - HEAD | text of the feature | sentence of the description that tells the same
    ~ honest limit
    * what is in the box
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Category:
    """A department of the shop; `slug` is the last part of its best-sellers address."""

    department: str
    root: str
    slug: str
    words: tuple[str, ...]
    brands: tuple[str, ...]


@dataclass
class ProductType:
    """One kind of product with everything that its products are put together from."""

    category: Category
    noun: str
    word: str
    shelves: tuple[str, ...]
    price_range: tuple[int, int]
    weight: str
    dimensions: str
    keywords: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    openings: list[str] = field(default_factory=list)
    aspects: list[tuple[str, str, str]] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)


def parts(text: str, separator: str = "|") -> tuple[str, ...]:
    """The pieces of a line, without the blanks round them."""
    return tuple(part.strip() for part in text.split(separator))


def price_range(text: str) -> tuple[int, int]:
    """The lowest and the highest whole dollars of `low-high`."""
    low, high = text.split("-")
    return int(low), int(high)


def read_types(path: Path) -> list[ProductType]:
    """Reads one file of parts."""
    types: list[ProductType] = []
    heading: tuple[str, ...] = ()
    category: Category | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, content = line[:1], line[2:].strip()
        if mark == "@":
            heading = parts(content)
        elif mark == "%":
            department, root, slug, words = heading
            category = Category(department, root, slug, parts(words, ","), parts(content))
        elif mark == "#":
            if category is None:
                raise ValueError(f"{path.name}: a product before the brands")
            noun, word, shelves, price, weight, dimensions, keywords = parts(content)
            types.append(
                ProductType(
                    category,
                    noun,
                    word,
                    parts(shelves, ">"),
                    price_range(price),
                    weight,
                    dimensions,
                    parts(keywords, ","),
                )
            )
        elif mark:
            add_detail(types[-1], mark, content)
    return types


def add_detail(product_type: ProductType, mark: str, content: str) -> None:
    """Adds what a marked line tells of a product type."""
    if mark == "=":
        name, values = content.split(":", 1)
        product_type.attributes[name.strip()] = parts(values, " / ")
    elif mark == "-":
        head, feature, sentence = parts(content)
        product_type.aspects.append((head, feature, sentence))
    else:
        {">": product_type.openings, "~": product_type.limits, "*": product_type.boxes}[mark].append(content)
