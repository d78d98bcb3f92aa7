"""The products of the shop: three of each type, and some in other languages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.sandbox.making.parts import Category, ProductType, parts, price_range
from webtune_tui.sandbox.making.wording import title_case, write_text

PRODUCTS_PER_TYPE = 3


@dataclass(frozen=True)
class Product:
    """What differs from record to record before the shop's own fields are put round it."""

    number: int
    category: Category
    word: str
    shelves: tuple[str, ...]
    brand: str
    title: str
    description: str
    features: list[str]
    prices: tuple[int, int]
    details: list[tuple[str, str]]
    weight: str | None = None
    dimensions: str | None = None
    keywords: tuple[str, ...] = ()
    language: str = "en-US"


def base_products(types: list[ProductType]) -> Iterator[Product]:
    """Three products of each type, each with its own brand, values, opening, aspects and limit."""
    number = 0
    for at, product_type in enumerate(types):
        for variant in range(PRODUCTS_PER_TYPE):
            chance = random.Random(f"product {product_type.category.slug} {product_type.noun} {variant}")
            style = (at + variant) % 4
            brand = product_type.category.brands[style]
            values = {name: options[(variant + at) % len(options)] for name, options in product_type.attributes.items()}
            values["brand"] = brand
            title, description, features = write_text(product_type, variant, values, style, chance)
            shown = [(name.capitalize(), title_case(value)) for name, value in values.items() if name != "brand"]
            yield Product(
                number,
                product_type.category,
                product_type.word,
                product_type.shelves,
                brand,
                title,
                description,
                features,
                product_type.price_range,
                [("Brand", brand), *shown],
                product_type.weight,
                product_type.dimensions,
                product_type.keywords,
            )
            number += 1


def foreign_products(path: Path, categories: dict[str, Category], first: int) -> Iterator[Product]:
    """The products of `languages.txt`; their numbers begin with `first`."""
    tags = {"de": "de-DE", "es": "es-US", "pt": "pt-BR", "fr": "fr-CA", "ja": "ja-JP"}
    lines = path.read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        tag, slug, brand, title, prices, material, features, description = parts(line)
        category = categories[slug]
        yield Product(
            first + at,
            category,
            "product",
            (category.root,),
            brand,
            f"{brand} {title}",
            description,
            list(parts(features, "##")),
            price_range(prices),
            [("Brand", brand), ("Material", material)],
            language=tags[tag],
        )
