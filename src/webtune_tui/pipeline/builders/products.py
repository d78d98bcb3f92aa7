"""Products become descriptions: title, brand and features asked for, the description answered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.columns import Columns, is_filled
from webtune_tui.pipeline.placeholders import is_placeholder
from webtune_tui.pipeline.template import as_text

SYSTEM = "You write product descriptions for an online shop: concrete, true to the given facts, ready to publish."

_TITLES = ("title", "product_name", "product_title", "name")
_DESCRIPTIONS = ("description", "product_description", "long_description", "body_html", "short_description")
_BRANDS = ("brand", "brand_name", "manufacturer", "vendor")
_FEATURES = ("features", "bullet_points", "key_features", "highlights", "about_item", "feature_bullets")
_CATEGORIES = ("categories", "category", "breadcrumbs", "product_category", "root_bs_category", "product_type")
_SIGNS = (
    *_BRANDS, *_FEATURES, *_CATEGORIES, "price", "final_price", "initial_price", "asin", "sku", "gtin", "upc",
    "product_id", "currency", "availability",
)  # fmt: skip
_MOST_FEATURES = 12


class Products:
    """Asks for the description of a product from what is known about it."""

    name: ClassVar[str] = "products"
    order: ClassVar[int] = 30
    is_written: ClassVar[bool] = False
    judges_by_names: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = (*_TITLES, *_DESCRIPTIONS, *_BRANDS, *_FEATURES, *_CATEGORIES)

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row has a title, a place for a description and a sign of a product."""
        row = Columns(fields)
        return row.has(*_TITLES) and row.has(*_DESCRIPTIONS) and row.has(*_SIGNS)

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The conversation; an empty answer where the product has no description."""
        titles, descriptions, brands, features_names, categories = _columns(tuple(fields))
        title = _known(_first(fields, titles))
        brand = _known(_first(fields, brands))
        category = _last(_first(fields, categories))
        features = _listed(_first(fields, features_names))
        if not title and not features:
            return None
        lines = [f"Write the product description for {title}." if title else "Write the product description."]
        lines += [f"Brand: {brand}"] if brand else []
        lines += [f"Category: {category}"] if category else []
        lines += ["Features:\n- " + "\n- ".join(features)] if features else []
        messages = (
            _SYSTEM_MESSAGE,
            Message("user", "\n".join(lines)),
            Message("assistant", _description(fields, descriptions)),
        )
        return Conversation(messages, tuple(filter(None, (title, brand, category, *features))))


_SYSTEM_MESSAGE = Message("system", SYSTEM)


@lru_cache(maxsize=1024)
def _columns(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The names that rows of this shape have for title, description, brand, features and category."""
    row = Columns(dict.fromkeys(names))
    return tuple(row.actual(wanted) for wanted in (_TITLES, _DESCRIPTIONS, _BRANDS, _FEATURES, _CATEGORIES))


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The first value that is filled."""
    for name in names:
        value = fields[name]
        if is_filled(value):
            return value
    return None


def _description(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = fields[name]
        if isinstance(value, str) and (text := value.strip()):
            return text
        if isinstance(value, list) and (texts := [item for item in value if isinstance(item, str)]):
            return "\n".join(texts).strip()
    return ""


def _known(value: Any) -> str:
    text = value.strip() if type(value) is str else as_text(value)
    return "" if is_placeholder(text) else text


def _last(value: Any) -> str:
    """The most special one of a list of categories."""
    if isinstance(value, list):
        return next((text for item in reversed(value) if (text := _known(_named(item)))), "")
    return _known(_named(value))


def _named(value: Any) -> Any:
    """An object's name or value, such as a breadcrumb's or a feature's."""
    if type(value) is str or not isinstance(value, Mapping):
        return value
    pair = [as_text(value.get(key)) for key in ("type", "name", "title", "feature", "value", "text")]
    return ": ".join(part for part in pair if part)


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        value = [line.lstrip("-*• ").strip() for line in value.splitlines()]
    if not isinstance(value, list):
        return []
    found: list[str] = []
    for item in value:
        text = item.strip() if type(item) is str else as_text(_named(item))
        if text and not is_placeholder(text):
            found.append(text)
            if len(found) == _MOST_FEATURES:
                break
    return found


BUILDER = Products()
