"""The rows on their way to the file, with the answer key of what was done to them."""

from __future__ import annotations

import random
from collections.abc import Callable

from webtune_tui.sandbox.making.amazon_record import Row, record_asin, record_of
from webtune_tui.sandbox.making.products import Product


class Shelf:
    """The rows on their way to the file, and the answer key that grows with each change."""

    def __init__(self, products: list[Product]) -> None:
        self.products = {record_asin(product): product for product in products}
        self.rows: list[Row] = [record_of(product) for product in products]
        self.planted: dict[str, list[object]] = {}
        self.chance = random.Random("what the shop did to its texts")
        self.untouched = [row for row in self.rows if row["language"] == "en-US"]
        self.chance.shuffle(self.untouched)
        self.next_number = len(products)

    def take(self, count: int) -> list[Row]:
        """Rows that nothing was done to yet; they count as touched from now on."""
        taken, self.untouched = self.untouched[:count], self.untouched[count:]
        return taken

    def plant(self, kind: str, rows: list[Row], change: Callable[[int, Row], None]) -> None:
        """Changes rows, and writes down which were changed in this way."""
        for at, row in enumerate(rows):
            change(at, row)
        self.planted[kind] = [str(row["asin"]) for row in rows]

    def copy(self, original: Row, **changes: object) -> Row:
        """The same text sold under another asin by another seller."""
        product = self.products[str(original["asin"])]
        number, self.next_number = self.next_number, self.next_number + 1
        twin = Product(**{**product.__dict__, "number": number})
        self.products[record_asin(twin)] = twin
        row = {**record_of(twin), **changes, "seller_name": "Example Goods", "buybox_seller": "Example Goods"}
        self.rows.append(row)
        return row
