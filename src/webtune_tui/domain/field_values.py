"""What a field's value says as a number, a date, a yes or no, or a text, however its source wrote it.

The rule for numbers: the first number of a text of at most 80 characters counts, a currency or unit beside it doesn't
matter. Where points and commas both occur, the last of them is the decimal mark. A mark that occurs several times
parts thousands, and so does a single comma before exactly three digits, or a single point before exactly three digits
in a price ("1.299 €"). Any other single mark is decimal. Spaces and apostrophes between groups of three digits part
thousands. ``4.5 out of 5`` is 4.5, ``$1,299.00`` and ``1.299,00 €`` are 1299.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST_NUMBER_TEXT = 80
_LONGEST_DATE_TEXT = 40
_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "f", ""})

_SPACES = " '’\u00a0\u2009\u202f"
_NUMBER = re.compile(
    rf"(?:(?<![\w.,])|(?<=USD)|(?<=EUR)|(?<=GBP)|(?<=BRL)|(?<=CHF))(?P<minus>[-−]\s?)?(?P<digits>\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d[\d.,]*)"
    r"(?:[eE](?P<exponent>[-+]?\d{1,3})(?!\w))?"
)
_CURRENCY = re.compile(
    r"[$€£¥₹₩₽₺₫₴₪฿₱]|R\$|\b(?:USD|EUR|GBP|BRL|CHF|JPY|INR|MXN|CAD|AUD|CLP|COP|ARS|TRY|PLN|kr)\b|zł|Kč"
)
_ISO_DATE = re.compile(r"\s*(\d{4})-(\d{2})(?:-(\d{2}))?(?!\d)")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"), start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH_FIRST = re.compile(r"\b([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})\b")
_DAY_FIRST = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)? ([A-Za-z]{3,9})\.?,? (\d{4})\b")


def number_of(value: Any) -> float | None:
    """The number that a value is or tells; ``None`` where it tells none. Truth values are no numbers."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _finite(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER_TEXT:
        return None
    text = value if value.isascii() else unicodedata.normalize("NFKC", value)
    match = _NUMBER.search(text)
    if match is None:
        return None
    plain = _plain_digits(match["digits"].rstrip(".,"), text)
    number = float(f"{plain}e{match['exponent'] or 0}")
    return _finite(-number if match["minus"] else number)


def date_of(value: Any) -> str | None:
    """The day that a text tells as ``YYYY-MM-DD`` (or ``YYYY-MM``): ISO dates, and those with an English month."""
    if not isinstance(value, str):
        return None
    if (match := _ISO_DATE.match(value)) is not None:
        return "-".join(part for part in match.groups() if part)
    short = value[:_LONGEST_DATE_TEXT]
    if (match := _MONTH_FIRST.search(short)) is not None:
        month, day, year = match.groups()
    elif (match := _DAY_FIRST.search(short)) is not None:
        day, month, year = match.groups()
    else:
        return None
    number = _MONTHS.get(month.lower())
    return f"{year}-{number:02}-{int(day):02}" if number else None


def truth_of(value: Any) -> bool | None:
    """Whether a value says yes or no (``true``, ``yes``, ``on``, ``1`` and their opposites); ``None``: neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        folded = value.strip().casefold()
        return True if folded in _TRUE else False if folded in _FALSE and folded else None
    return None


def is_empty(value: Any) -> bool:
    """Whether there is nothing: no value, blank text, a list or object of nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return not value
    if isinstance(value, list | tuple):
        return all(item is None or item == "" for item in value)
    return False


def texts_of(value: Any) -> Iterator[str]:
    """The value as text; each item of a list, and each value of an object in a list."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int | float):
        yield f"{value:.15g}" if isinstance(value, float) else str(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            if isinstance(item, str | int | float):
                yield from texts_of(item)


def _plain_digits(digits: str, text: str) -> str:
    """The digits as Python reads them."""
    digits = re.sub(f"[{_SPACES}]", "", digits)
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal = max(digits.rfind("."), digits.rfind(","))
        if digits.count(digits[decimal]) > 1:
            return re.sub("[.,]", "", digits)
        return f"{re.sub('[.,]', '', digits[:decimal])}.{digits[decimal + 1 :]}"
    if points + commas > 1:
        return re.sub("[.,]", "", digits)
    mark = "," if commas else "."
    whole, _, rest = digits.partition(mark)
    parts_thousands = (
        len(rest) == 3 and whole not in ("", "0") and len(whole) <= 3 and (commas or _CURRENCY.search(text))
    )
    return whole + rest if parts_thousands else f"{whole}.{rest or '0'}"


def _finite(number: float) -> float | None:
    try:
        number = float(number)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
