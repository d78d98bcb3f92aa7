"""One spelling for each value, so that the same address or number gets the same placeholder wherever it stands."""

from __future__ import annotations

import re

from webtune_tui.pipeline.private_data.folding import folded
from webtune_tui.pipeline.private_data.phone_codes import calling_code, digits_after

_SPELLED_SIGN = re.compile(r" ?[(\[{<] ?(?:[^\W\d_]{2,12}|a\.t\.|@) ?[)\]}>] ?| (?:at|arroba) ")
_SPELLED_DOT = re.compile(
    r" ?[(\[{<] ?(?:dot|punkt|point|punto|ponto|ドット|\.|d0t) ?[)\]}>] ?| (?:dot|punkt|ponto|punto) "
)
_AS_WRITTEN = ("api_key", "token_url", "crypto_address")


def same_value(kind: str, found: str) -> str:
    """The value without what differs between its spellings: case, separators, a country code, a spelled-out sign."""
    if kind in _AS_WRITTEN:
        return found
    text = folded(found)
    if kind == "email":
        text = _SPELLED_DOT.sub(".", text.lower().replace("%40", "@"))
        return _SPELLED_SIGN.sub("@", text, count=1).replace(" ", "")
    if kind == "phone":
        return _national_number(text)
    if kind == "ip":
        return text.lower()
    return "".join(filter(str.isalnum, text)).upper()


def _national_number(text: str) -> str:
    """The digits within the country: without its code and the leading zero."""
    digits = "".join(filter(str.isdecimal, text.replace("(0)", "")))
    if text.lstrip("(").startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00")
        return digits[len(calling_code(digits)) :].lstrip("0")
    if len(digits) == 11 and digits[0] == "1":
        return digits[1:]
    code = calling_code(digits)
    if len(digits) >= 12 and code and digits_after(code)[0] <= len(digits) - len(code):
        return digits[len(code) :]
    return digits.lstrip("0")
