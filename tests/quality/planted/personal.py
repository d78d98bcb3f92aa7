"""Made-up personal data and secrets with valid check digits, and what only looks like them.

Nobody's: numbers are drawn, hosts are reserved for examples. Keys are put together when the corpus is made, so that no
file holds anything that looks like one.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable

_WORD = string.ascii_letters + string.digits
_HOSTS = ("post.example", "mail.example.org", "werkstatt.example.net", "loja.example.com.br", "atelier.example.fr")
_NAMES = ("ines.ferrand", "t.leary", "pavel_marsh", "nora-quill", "wen.hartley+shop", "j.akiyama", "r2.ferraz", "cb")


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices(string.digits, k=count))


def _drawn(chance: random.Random, count: int, letters: str = _WORD) -> str:
    return "".join(chance.choices(letters, k=count))


def email(chance: random.Random) -> str:
    """An e-mail address."""
    name = chance.choice(_NAMES)
    return f"{name}{chance.randrange(99)}@{chance.choice(_HOSTS)}"


_PHONES = (
    "(415) 555-01##", "+1 212-555-01##", "+1 (646) 555 01##", "415.555.01##",
    "+44 20 7946 0###", "020 7946 0###", "07700 900###",
    "+49 30 2312 5###", "030/23125###", "0171 392####", "+49 (0)40 66969###",
    "01 99 00 ## ##", "+33 6 39 98 ## ##", "06.39.98.##.##",
    "(11) 9####-####", "+55 21 3###-####", "+55 (11) 98###-####", "(21) 3###-####",
    "03-5###-####", "090-####-####", "+81 3-5###-####", "+34 91 117 ## ##", "+351 21 154 ####",
)  # fmt: skip


def phone(chance: random.Random) -> str:
    """A phone number in one of the national forms; mostly of ranges kept free for fiction."""
    return "".join(str(chance.randrange(2, 10)) if sign == "#" else sign for sign in chance.choice(_PHONES))


def luhn_digit(digits: str) -> str:
    """The check digit of a payment card."""
    total = 0
    for number, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if number % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card(chance: random.Random) -> str:
    """A payment card number that passes its check."""
    head, length = chance.choice((("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16)))
    body = head + _digits(chance, length - len(head) - 1)
    number = body + luhn_digit(body)
    form = chance.randrange(3)
    if form == 0:
        return number
    sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    parts = []
    for size in sizes:
        parts.append(number[:size])
        number = number[size:]
    return (" " if form == 1 else "-").join(parts)


_IBANS = {"DE": 18, "FR": 23, "GB": 0, "PT": 21, "ES": 20, "AT": 16, "NL": 0}


def iban(chance: random.Random) -> str:
    """An IBAN that passes its check."""
    country = chance.choice(sorted(_IBANS))
    length = _IBANS[country]
    account = _digits(chance, length) if length else ("WEST" if country == "GB" else "RABO") + _digits(
        chance, 14 if country == "GB" else 10
    )  # fmt: skip
    number = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    whole = f"{country}{98 - int(number) % 97:02d}{account}"
    if chance.random() < 0.5:
        return whole
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def _eleven(digits: str, weights: list[int]) -> str:
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return str(0 if rest < 2 else 11 - rest)


def cpf(chance: random.Random) -> str:
    """A Brazilian person's number that passes its checks."""
    digits = _digits(chance, 9)
    digits += _eleven(digits, list(range(10, 1, -1)))
    digits += _eleven(digits, list(range(11, 1, -1)))
    return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"


def cnpj(chance: random.Random) -> str:
    """A Brazilian firm's number that passes its checks."""
    weights = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
    digits = _digits(chance, 8) + "0001"
    digits += _eleven(digits, weights)
    digits += _eleven(digits, [6, *weights])
    return f"{digits[:2]}.{digits[2:5]}.{digits[5:8]}/{digits[8:12]}-{digits[12:]}"


def ip(chance: random.Random) -> str:
    """An IP address, of four bytes or of eight words."""
    if chance.random() < 0.7:
        net = chance.choice(("203.0.113", "198.51.100", "192.0.2", "185.23.108", "84.17.62"))
        return f"{net}.{chance.randrange(2, 250)}"
    return f"2001:db8:{chance.randrange(1, 65_535):x}:{chance.randrange(1, 65_535):x}::{chance.randrange(1, 9_999):x}"


def mac(chance: random.Random) -> str:
    """A network card's address."""
    parts = [f"{chance.randrange(256):02x}" for _ in range(6)]
    made = chance.choice((":", "-")).join(parts)
    return made.upper() if chance.random() < 0.5 else made


def _jwt(chance: random.Random) -> str:
    def part(body: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    return f"{head}.{part({'sub': _digits(chance, 10), 'name': 'T Leary'})}.{_drawn(chance, 43)}"


_KEYS: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: "AK" + "IA" + _drawn(chance, 16, string.ascii_uppercase + "234567"),
    lambda chance: "gh" + "p_" + _drawn(chance, 36),
    lambda chance: "xo" + f"xb-{_digits(chance, 12)}-{_digits(chance, 12)}-" + _drawn(chance, 24),
    lambda chance: "sk_" + "live_" + _drawn(chance, 24),
    lambda chance: "AI" + "za" + _drawn(chance, 35),
    lambda chance: "sk-" + "proj-" + _drawn(chance, 48),
    lambda chance: "gl" + "pat-" + _drawn(chance, 20),
    lambda chance: "np" + "m_" + _drawn(chance, 36),
    lambda chance: "hf" + "_" + _drawn(chance, 34, string.ascii_letters),
    _jwt,
)


def api_key(chance: random.Random) -> str:
    """A key or token in the form of some service."""
    return chance.choice(_KEYS)(chance)


_SECRET_URLS: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: f"https://orlend:{_drawn(chance, 12)}@files.example.org/drawing-{chance.randrange(999)}.pdf",
    lambda chance: f"https://files.example.org/d/{chance.randrange(999)}?token={_drawn(chance, 32)}",
    lambda chance: f"https://api.example.com/v1/parts?page=2&access_token={_drawn(chance, 40)}",
    lambda chance: f"https://api.example.com/parts/{chance.randrange(99)}?api_key={_drawn(chance, 32)}",
    lambda chance: (
        f"https://bucket.example.com/a.png?X-Amz-Expires=900&X-Amz-Signature={_drawn(chance, 64, '0123456789abcdef')}"
    ),
)


def token_url(chance: random.Random) -> str:
    """An address that carries credentials or a token."""
    return chance.choice(_SECRET_URLS)(chance)


KINDS: dict[str, Callable[[random.Random], str]] = {
    "email": email,
    "phone": phone,
    "card": card,
    "iban": iban,
    "cpf": cpf,
    "cnpj": cnpj,
    "ip": ip,
    "mac": mac,
    "api_key": api_key,
    "token_url": token_url,
}


def _ean(head: str, chance: random.Random) -> str:
    digits = head + _digits(chance, 12 - len(head))
    total = sum(int(digit) * (3 if number % 2 else 1) for number, digit in enumerate(digits))
    return digits + str(-total % 10)


def _isbn13(chance: random.Random) -> str:
    digits = _ean("978", chance)
    return f"ISBN {digits[:3]}-{digits[3]}-{digits[4:6]}-{digits[6:12]}-{digits[12]}"


def _isbn10(chance: random.Random) -> str:
    digits = _digits(chance, 9)
    check = sum((10 - number) * int(digit) for number, digit in enumerate(digits)) % 11
    last = "X" if (11 - check) % 11 == 10 else str((11 - check) % 11)
    return f"ISBN {digits[0]}-{digits[1:4]}-{digits[4:]}-{last}"


def _no_card(chance: random.Random) -> str:
    body = "4" + _digits(chance, 14)
    wrong = str((int(luhn_digit(body)) + chance.randrange(1, 10)) % 10)
    return f"order {body}{wrong}"


LOOKALIKES: dict[str, Callable[[random.Random], str]] = {
    "isbn": lambda chance: chance.choice((_isbn13, _isbn10))(chance),
    "ean": lambda chance: f"EAN {_ean('40', chance)}",
    "model": lambda chance: (
        f"{_drawn(chance, 2, string.ascii_uppercase)}-{_digits(chance, 4)}-{chance.randrange(110, 240)}V"
    ),
    "model_digits": lambda chance: f"model {chance.randrange(100, 999)}-{chance.randrange(1000, 9999)}-B",
    "price": lambda chance: chance.choice(
        (
            f"${chance.randrange(1, 9)},{chance.randrange(100, 999)}.{chance.randrange(10, 99)}",
            f"R$ {chance.randrange(1, 9)}.{chance.randrange(100, 999)},{chance.randrange(10, 99)}",
            f"{chance.randrange(1, 9)} {chance.randrange(100, 999)},{chance.randrange(10, 99)} €",
            f"{chance.randrange(2, 9)}{_digits(chance, 3)}{_digits(chance, 2)} JPY",
        )
    ),
    "version": lambda chance: chance.choice(
        (
            f"version {chance.randrange(1, 20)}.{chance.randrange(30)}.{chance.randrange(30)}",
            f"v{chance.randrange(1, 9)}.{chance.randrange(30)}.{chance.randrange(30)}-beta.{chance.randrange(1, 9)}",
            f"firmware version {chance.randrange(1, 9)}.{chance.randrange(30)}.{chance.randrange(9)}."
            f"{chance.randrange(1, 20)}",
        )
    ),
    "date": lambda chance: chance.choice(
        (
            f"20{chance.randrange(10, 25)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
            f"{chance.randrange(1, 29):02d}.{chance.randrange(1, 13):02d}.20{chance.randrange(10, 25)}",
            f"{chance.randrange(1, 13)}/{chance.randrange(1, 29)}/20{chance.randrange(10, 25)}",
        )
    ),
    "time": lambda chance: f"{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}",
    "dimensions": lambda chance: f"{chance.randrange(20, 240)} x {chance.randrange(20, 99)} x {chance.randrange(9)}.5",
    "years": lambda chance: f"{chance.randrange(1950, 1999)}-{chance.randrange(2000, 2025)}",
    "place": lambda chance: (
        f"{chance.randrange(30, 60)}.{_digits(chance, 4)}, {chance.randrange(2, 30)}.5{_digits(chance, 3)}"
    ),
    "standard": lambda chance: (
        f"EN {chance.randrange(1000, 9999)}-{chance.randrange(1, 9)}:20{chance.randrange(10, 25)}"
    ),
    "no_card": _no_card,
    "plain_url": lambda chance: (
        f"https://www.example.com/parts/{chance.randrange(999)}?page={chance.randrange(9)}&sort=new"
    ),
    "handle": lambda chance: f"@{_drawn(chance, 7, string.ascii_lowercase)}",
    "code": lambda chance: f"std::vector::{chance.randrange(9)}",
    "hash_colour": lambda chance: f"#{_drawn(chance, 6, '0123456789ABCDEF')}",
}
"""What must be left as it is."""
