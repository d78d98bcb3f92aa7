"""Ids, addresses and times in the shapes of the shop's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

COLLECTED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def identifier(number: int, prefix: str) -> str:
    """An id in the shape of the shop's, from a range that the shop doesn't use: `B0ZZ` and six characters."""
    mixed = (number * 7_919_993 + 104_729) % 36**6
    digits = ""
    for _ in range(6):
        mixed, digit = divmod(mixed, 36)
        digits = BASE36[digit] + digits
    return prefix + digits


def moment(number: int) -> str:
    """The time at which the row of a number was collected."""
    at = COLLECTED + timedelta(seconds=number * 7, milliseconds=(number * 137) % 1000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shop_address(asin: str) -> str:
    """The address of a product in the shop."""
    return f"https://www.amazon.com/dp/{asin}"
