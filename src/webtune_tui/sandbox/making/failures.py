"""Rows that carry an error or a warning in the place of a product."""

from __future__ import annotations

from webtune_tui.sandbox.making.addresses import moment, shop_address
from webtune_tui.sandbox.making.amazon_record import Row

ERRORS = (
    ("dead_page", "Product page B0ZZGONE01 no longer exists"),
    ("crawl_failed", "Collection failed after multiple attempts"),
    ("blocked", "Access to the page was blocked"),
    ("dead_page", "Product page B0ZZGONE04 no longer exists"),
    ("crawl_error", "Crawler error: Unexpected Status 502"),
    ("parse_error", "Cannot read the product block of the page"),
    ("wait_element_timeout", "Crawler error: waiting for the element timed out"),
    ("dead_page", "Product page B0ZZGONE08 no longer exists"),
)


def error_rows() -> list[Row]:
    """Rows of addresses that could not be collected."""
    return [
        {
            "timestamp": moment(4000 + at),
            "input": {"url": shop_address(f"B0ZZGONE{at + 1:02d}")},
            "error": text,
            "error_code": code,
        }
        for at, (code, text) in enumerate(ERRORS)
    ]


def warning_rows() -> list[Row]:
    """Rows of addresses that are none of a product."""
    return [
        {
            "timestamp": moment(4100 + at),
            "input": {"url": shop_address(f"B0ZZWARN{at + 1:02d}")},
            "warning": "Invalid input.url",
            "warning_code": "dead_page",
        }
        for at in range(2)
    ]
