"""Payment cards, bank accounts and addresses of crypto currencies: all with check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from webtune_tui.pipeline.private_data.checks import iban_mod97, luhn
from webtune_tui.pipeline.private_data.hits import Hit
from webtune_tui.pipeline.private_data.iban_forms import iban_form, iban_length
from webtune_tui.pipeline.private_data.labels import CARD, NETWORK, PHONE, VERSION, label_before

_CARD = re.compile(
    r"(?<![A-Za-z0-9_$€£¥#])(?<![0-9A-Za-z][.\-_/,:])"
    r"(?:[0-9]{4}(?P<gap>[ .\-])[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{4}(?P<more>(?P=gap)[0-9]{3})?"
    r"|3[0-9]{3}(?P<gap15>[ .\-])[0-9]{6}(?P=gap15)[0-9]{4,5}"
    r"|(?P<bare>[0-9]{12,19})|(?P<odd>[0-9](?:[ \-]?[0-9]){12,18}))"
    r"(?![A-Za-z0-9_])(?![.,\-/:]?[0-9])"
)
_BRANDS = re.compile(
    r"4(?:[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:30[0-5]|309|36[0-9]|3[89][0-9])[0-9]{11}(?:[0-9]{2})?"  # Diners
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}(?:[0-9]{3})?"  # Discover, Elo, RuPay
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"  # JCB
    r"|62[0-9]{14}(?:[0-9]{3})?"  # UnionPay
    r"|220[0-4][0-9]{12}"  # Mir
    r"|(?:5018|5019|5020|5038|5[678][0-9]{2}|6304|6759|676[0-9]|6390|0604)[0-9]{12}"  # Maestro
    r"|(?:50[46-9][0-9]|606[23]|6277|6362|6363)[0-9]{12}"  # Elo, Hipercard
)
_BRANDS_WITH_A_WORD = re.compile(r"4[0-9]{12}|1[0-9]{14}|(?:50|5[6-8]|6|8[12])[0-9]{10,17}|3[0689][0-9]{12}")
_DIGITS = re.compile(r"[0-9]+")
_MAY_STAND_BEFORE = ("", CARD, PHONE, NETWORK, VERSION)
_SHORTEST_AMONG_PHONES = 14
_IBAN = re.compile(r"(?<![A-Za-z0-9])(?<![A-Za-z0-9][\-_/])[A-Za-z]{2}[0-9]{2}(?:[ \-]?[A-Za-z0-9]){4}")


def cards(text: str, start: int, end: int, field: str = "") -> Iterator[Hit]:
    """Numbers with a known issuer's prefix and length whose Luhn digit holds."""
    place = start
    while (match := _CARD.search(text, place, end)) is not None:
        stop = match.end()
        is_card = _is_card(text, match, stop, field)
        if not is_card and match["more"]:  # three digits after sixteen may be another number
            stop = match.start("more")
            is_card = _is_card(text, match, stop, field)
        if is_card:
            yield Hit("card", match.start(), stop)
        first_group = _DIGITS.match(text, match.start())
        place = stop if is_card or first_group is None else first_group.end()


def _is_card(text: str, match: re.Match[str], stop: int, field: str) -> bool:
    digits = "".join(filter(str.isdecimal, text[match.start() : stop]))
    if len(set(digits)) < 2 or not luhn(digits):
        return False
    label = label_before(text, match.start(), field)
    if label == CARD and _BRANDS_WITH_A_WORD.fullmatch(digits):
        return True
    if (
        label not in _MAY_STAND_BEFORE
        or match["odd"]
        or (label == PHONE and match["bare"] and len(digits) < _SHORTEST_AMONG_PHONES)
    ):
        return False
    return _BRANDS.fullmatch(digits) is not None


def ibans(text: str, start: int, end: int) -> Iterator[Hit]:
    """Account numbers of the length and form of their country whose check digits hold."""
    place = start
    while (match := _IBAN.search(text, place, end)) is not None:
        place = match.start() + 1
        country = match.group()[:2].upper()
        stop = _end_of_signs(text, match.start(), iban_length(country))
        if not stop:
            continue
        signs = re.sub("[ -]", "", text[match.start() : stop]).upper()
        if iban_form(country).fullmatch(signs) and iban_mod97(signs):
            yield Hit("iban", match.start(), stop)
            place = stop


def _end_of_signs(text: str, start: int, length: int) -> int:
    """Where ``length`` letters and digits end, single spaces and dashes between them left out; 0 where they don't."""
    if not length:
        return 0
    count, place = 0, start
    while count < length:
        sign = text[place : place + 1]
        if sign.isascii() and sign.isalnum():
            count += 1
        elif sign not in (" ", "-") or text[place - 1] in " -":
            return 0
        place += 1
    follows = text[place : place + 1]
    return 0 if follows.isascii() and follows.isalnum() else place


_COIN = re.compile(
    r"(?<![A-Za-z0-9])(?<![A-Za-z0-9][/_\-])(?:(?P<old>[13][1-9A-HJ-NP-Za-km-z]{25,34})|(?P<new>bc1[02-9ac-hj-np-z]{11,71})"
    r"|(?P<ether>0x[0-9A-Fa-f]{40}))(?![A-Za-z0-9])"
)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_SUMS = (1, 0x2BC830A3)
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def crypto_addresses(text: str, start: int, end: int) -> Iterator[Hit]:
    """Bitcoin addresses whose checksum holds, and Ethereum's by their shape."""
    for match in _COIN.finditer(text, start, end):
        found = match.group()
        if (match["old"] and _is_base58(found)) or (match["new"] and _is_bech32(found)) or match["ether"]:
            yield Hit("crypto_address", match.start(), match.end())


def _is_base58(address: str) -> bool:
    number = 0
    for sign in address:
        number = number * 58 + _BASE58.index(sign)
    if number.bit_length() > 200:
        return False
    raw = number.to_bytes(25, "big")
    return sha256(sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _is_bech32(address: str) -> bool:
    checksum = 1
    for value in (3, 3, 0, 2, 3, *map(_BECH32.index, address[3:])):
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum in _BECH32_SUMS
