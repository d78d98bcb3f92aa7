"""Rows spoilt as published files are: texts, odd values, and what must never act on a terminal."""

from __future__ import annotations

from collections.abc import Callable

from webtune_tui.sandbox.making.amazon_record import Row
from webtune_tui.sandbox.making.shelf import Shelf
from webtune_tui.sandbox.making.spoilt_texts import (
    PLACEHOLDERS,
    as_mojibake,
    as_page_source,
    contact_line,
    cut_off,
    with_invisibles,
)


def plant_dirt(shelf: Shelf) -> None:
    """Spoils some texts as the real thing does; each row is spoilt in one way only."""

    def set_text(change: Callable[[int, str], object]) -> Callable[[int, Row], None]:
        def apply(at: int, row: Row) -> None:
            row["description"] = change(at, str(row["description"]))

        return apply

    def page_source(at: int, row: Row) -> None:
        features = row["features"]
        row["description"] = as_page_source(str(row["description"]), features if isinstance(features, list) else [], at)

    def title_as_text(_: int, row: Row) -> None:
        row["description"] = row["title"]

    def contacts(at: int, row: Row) -> None:
        row["description"] = f"{row['description']} {contact_line(str(row['brand']), 100 + at)}"

    shelf.plant("html", shelf.take(50), page_source)
    shelf.plant("empty", shelf.take(20), set_text(lambda at, _: ("", None, "   ")[at % 3]))
    shelf.plant("title_as_description", shelf.take(7), title_as_text)
    shelf.plant("cut_off", shelf.take(10), set_text(lambda _, text: cut_off(text, shelf.chance)))
    shelf.plant("invisible", shelf.take(10), set_text(lambda at, text: with_invisibles(text, at)))
    shelf.plant("mojibake", shelf.take(7), set_text(lambda _, text: as_mojibake(text)))
    shelf.plant("placeholder", shelf.take(8), set_text(lambda at, _: PLACEHOLDERS[at]))
    shelf.plant("contacts", shelf.take(7), contacts)
    plant_odd_values(shelf)
    plant_hostile(shelf)


def plant_odd_values(shelf: Shelf) -> None:
    """Values in the shapes that published files really have: a missing list, a number as an object or as text."""

    def no_features(at: int, row: Row) -> None:
        row["features"] = (None, [])[at % 2]

    def odd_rating(at: int, row: Row) -> None:
        row["rating"] = ({"__TYPE__": "Literal_value", "value": "4.8"}, "4.6 out of 5 stars", None)[at]

    shelf.plant("no_features", shelf.take(6), no_features)
    shelf.plant("odd_rating", shelf.take(3), odd_rating)


def plant_hostile(shelf: Shelf) -> None:
    """Escape sequences and markup that must never act on a terminal or a screen."""

    def escapes(at: int, row: Row) -> None:
        name = "title" if at == 0 else "description"
        row[name] = (f"\x1b[31m{row[name]}\x1b[0m", f"{row[name]} \x1b]0;sold out\x07", f"\x1b[2J{row[name]}")[at]

    def markup(at: int, row: Row) -> None:
        name = "title" if at < 2 else "description"
        row[name] = f"{row[name]} {('[@click=app.quit]x[/]', '[bold red]NEW[/]')[at % 2]}"

    shelf.plant("escape_sequence", shelf.take(3), escapes)
    shelf.plant("markup", shelf.take(4), markup)
