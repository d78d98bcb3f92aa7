"""Makes `data/amazon_products.ndjson.gz` and `data/MANIFEST.json` from the hand-written parts in `data/parts`.

Run `python -m webtune_tui.sandbox.make_records`; the same parts always give the same records. Nothing in them
is a real product, brand, person or shop.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from webtune_tui.sandbox.making.amazon_record import Row
from webtune_tui.sandbox.making.copies import plant_copies
from webtune_tui.sandbox.making.dirt import plant_dirt
from webtune_tui.sandbox.making.failures import ERRORS, error_rows, warning_rows
from webtune_tui.sandbox.making.parts import Category, read_types
from webtune_tui.sandbox.making.products import base_products, foreign_products
from webtune_tui.sandbox.making.shelf import Shelf

DATA = Path(__file__).parent / "data"
PARTS = DATA / "parts"


def build() -> tuple[list[Row], Row]:
    """All rows in the order of the file, and the manifest: counts, answer key, categories of the rows."""
    files = sorted(path for path in PARTS.glob("*.txt") if path.name != "languages.txt")
    types = [product_type for path in files for product_type in read_types(path)]
    categories = {product_type.category.slug: product_type.category for product_type in types}
    products = list(base_products(types))
    products += foreign_products(PARTS / "languages.txt", categories, len(products))
    shelf = Shelf(products)
    shelf.planted["other_language"] = [str(row["asin"]) for row in shelf.rows if row["language"] != "en-US"]
    plant_dirt(shelf)
    plant_copies(shelf)
    failed = error_rows() + warning_rows()
    return shelf.rows + failed, manifest_of(shelf, categories, len(failed))


def manifest_of(shelf: Shelf, categories: dict[str, Category], failed: int) -> Row:
    """Counts, the answer key, and the categories of the rows."""
    slugs = sorted(categories)
    return {
        "rows": len(shelf.rows) + failed,
        "data_rows": len(shelf.rows),
        "asins": len({row["asin"] for row in shelf.rows}),
        "error_rows": len(ERRORS),
        "warning_rows": 2,
        "clean": sorted(str(row["asin"]) for row in shelf.untouched),
        "planted_counts": {kind: len(asins) for kind, asins in sorted(shelf.planted.items())},
        "planted": dict(sorted(shelf.planted.items())),
        "categories": {
            slug: {"root": category.root, "words": list(category.words)}
            for slug, category in sorted(categories.items())
        },
        "category_of": {
            **{asin: product.category.slug for asin, product in sorted(shelf.products.items())},
            **{f"B0ZZGONE{at + 1:02d}": slugs[at % len(slugs)] for at in range(len(ERRORS))},
            **{f"B0ZZWARN{at + 1:02d}": slugs[-1 - at] for at in range(2)},
        },
        "keywords_of": {asin: list(product.keywords) for asin, product in sorted(shelf.products.items())},
    }


def write(folder: Path = DATA) -> Row:
    """Writes both files and gives the manifest."""
    rows, manifest = build()
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    (folder / "amazon_products.ndjson.gz").write_bytes(gzip.compress(lines.encode("utf-8"), 9, mtime=0))
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "MANIFEST.json").write_text(text + "\n", encoding="utf-8")
    return manifest


if __name__ == "__main__":
    write()
