"""Texts in five languages with personal data planted between look-alikes, and the key of what was planted.

Everything is drawn from a seed. Numbers are made here, with their own check digits, and not by the code under test.
"""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

LANGUAGES = ("en", "de", "fr", "pt", "ja")


@dataclass(frozen=True)
class Planted:
    """A text, and where in it which kinds stand."""

    language: str
    text: str
    key: tuple[tuple[str, int, int], ...]


def digits(rng: random.Random, count: int, first: str = "123456789") -> str:
    return rng.choice(first) + "".join(rng.choice("0123456789") for _ in range(count - 1))


def pick(rng: random.Random, signs: str, count: int) -> str:
    return "".join(rng.choice(signs) for _ in range(count))


BASE62 = string.ascii_letters + string.digits
HEX = "0123456789abcdef"

# --- numbers with check digits


def luhn_digit(body: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card(rng: random.Random) -> str:
    prefix, length = rng.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("6011", 16),
         ("65", 16), ("3530", 16), ("36", 14), ("62", 16)]
    )  # fmt: skip
    body = prefix + pick(rng, string.digits, length - len(prefix) - 1)
    number = body + luhn_digit(body)
    gap = rng.choice(["", " ", "-"])
    if length == 15:
        return gap.join([number[:4], number[4:10], number[10:]])
    if length == 14:
        return gap.join([number[:4], number[4:10], number[10:]])
    return gap.join(number[place : place + 4] for place in range(0, 16, 4))


def iban(rng: random.Random) -> str:
    country, body = rng.choice(
        [("DE", digits(rng, 18)), ("FR", digits(rng, 23)), ("PT", digits(rng, 21)), ("ES", digits(rng, 20)),
         ("GB", pick(rng, string.ascii_uppercase, 4) + digits(rng, 14)), ("NL", "ABNA" + digits(rng, 10)),
         ("IT", "X" + digits(rng, 22)), ("AT", digits(rng, 16)), ("CH", digits(rng, 17)), ("BE", digits(rng, 12))]
    )  # fmt: skip
    rest = int("".join(str(int(sign, 36)) for sign in body + country + "00")) % 97
    whole = f"{country}{98 - rest:02d}{body}"
    if rng.random() < 0.5:
        return whole
    return " ".join(whole[place : place + 4] for place in range(0, len(whole), 4))


def mod11(body: str, weights: range) -> str:
    rest = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return "0" if rest < 2 else str(11 - rest)


def cpf(rng: random.Random) -> str:
    body = pick(rng, string.digits, 9)
    body += mod11(body, range(10, 1, -1))
    body += mod11(body, range(11, 1, -1))
    return f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"


def cnpj(rng: random.Random) -> str:
    body = pick(rng, string.digits, 8) + "0001"
    for weights in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        rest = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
        body += "0" if rest < 2 else str(11 - rest)
    return f"{body[:2]}.{body[2:5]}.{body[5:8]}/{body[8:12]}-{body[12:]}"


def dni(rng: random.Random) -> str:
    number = digits(rng, 8)
    return number + "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def nir(rng: random.Random) -> str:
    body = f"{rng.choice('12')}{rng.randrange(30, 99)}{rng.randrange(1, 13):02d}{rng.randrange(10, 96)}{digits(rng, 6)}"
    whole = body + f"{97 - int(body) % 97:02d}"
    return " ".join([whole[0], whole[1:3], whole[3:5], whole[5:7], whole[7:10], whole[10:13], whole[13:]])


def steuer_id(rng: random.Random) -> str:
    while True:
        pool = rng.sample(string.digits, 9)
        body = [*pool, rng.choice(pool)]
        rng.shuffle(body)
        if body[0] != "0":
            break
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    whole = "".join(body) + str((11 - product) % 10)
    return rng.choice([whole, f"{whole[:2]} {whole[2:5]} {whole[5:8]} {whole[8:]}"])


def my_number(rng: random.Random) -> str:
    body = pick(rng, string.digits, 11)
    rest = sum(int(d) * w for d, w in zip(body, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
    whole = body + ("0" if rest <= 1 else str(11 - rest))
    return rng.choice([whole, f"{whole[:4]} {whole[4:8]} {whole[8:]}"])


def ssn(rng: random.Random) -> str:
    return f"{rng.randrange(100, 660):03d}-{rng.randrange(1, 100):02d}-{rng.randrange(1, 10000):04d}"


# --- contacts, addresses, secrets

NAMES = ("jane", "max.mustermann", "j.silva", "marie-claire.dupont", "tanaka_k", "o.neill77", "info", "sales", "b2b")
HOSTS = (
    "example.com",
    "example.org",
    "mail.example.co.uk",
    "beispiel.de",
    "exemplo.com.br",
    "exemple.fr",
    "example.co.jp",
)


def email(rng: random.Random) -> str:
    name, host = rng.choice(NAMES), rng.choice(HOSTS)
    form = rng.random()
    if form < 0.75:
        return f"{name}@{host}"
    if form < 0.85:
        return f"{name} (at) {host}"
    if form < 0.95:
        return f"{name}[at]{host.replace('.', '[dot]')}"
    return f"{name} (at) {host.replace('.', ' dot ')}"


def fake_phone(rng: random.Random, form: str) -> str:
    """A telephone in a form: N is a digit from 2, X any digit."""
    drawn = [
        rng.choice("23456789") if sign == "N" else rng.choice(string.digits) if sign == "X" else sign for sign in form
    ]
    return "".join(drawn)


PHONES = {
    "en": ("(NXX) NXX-XXXX", "NXX-NXX-XXXX", "+1 NXX NXX XXXX", "+1-NXX-NXX-XXXX", "NXX.NXX.XXXX", "1-800-NXX-XXXX",
           "020 7NXX XXXX", "07NXX NXXXXX", "+44 20 7NXX XXXX", "+44 7NXX NXXXXX", "0161 NXX XXXX", "+91 9NXXX NXXXX"),
    "de": ("030 NXXXXXX", "0171 NXXXXXX", "089/NXXXXX", "+49 30 NXXXXXX", "+49 (0)171 NXXXXXX", "(030) NXXXXXX",
           "0221-NXXXXX", "0049 40 NXXXXXX", "+4917NXXXXXXXX", "+43 1 NXXXXXX", "+41 44 NXX XX XX"),
    "fr": ("01 NX XX 4X XX", "06.NX.XX.1X.XX", "+33 6 NX XX XX XX", "+33 (0)1 NX XX XX XX", "04-NX-XX-0X-XX",
           "0033 1 NX XX XX XX"),
    "pt": ("(11) 9NXXX-XXXX", "(21) NXXX-XXXX", "+55 11 9NXXX-XXXX", "11 9NXXX-XXXX", "+351 91N XXX XXX",
           "+55 (31) NXXX-XXXX"),
    "ja": ("03-NXXX-XXXX", "090-NXXX-XXXX", "0120-NXX-XXX", "+81-3-NXXX-XXXX", "+81 90 NXXX XXXX", "06(NXXX)XXXX",
           "0463-NX-XXXX"),
}  # fmt: skip
BARE_PHONES = {
    "en": ("Phone: ", "NXXNXXXXXX"), "de": ("Tel. ", "030NXXXXXX"), "fr": ("tél : ", "06NXXXXXXX"),
    "pt": ("WhatsApp ", "119NXXXXXXX"), "ja": ("電話番号は", "090NXXXXXXX"),
}  # fmt: skip


def ip(rng: random.Random) -> str:
    if rng.random() < 0.25:
        return f"2001:db8:{pick(rng, HEX[1:], 4)}::{pick(rng, HEX[1:], 4)}:{pick(rng, HEX[1:], 3)}"
    first = rng.choice((192, 203, 198, 172, 10, 85, 151, 177))
    return f"{first}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(30, 255)}"


def mac(rng: random.Random) -> str:
    gap = rng.choice(":-")
    return gap.join(
        [
            pick(rng, "abcdef", 1) + pick(rng, HEX, 1),
            *(pick(rng, HEX, 2) for _ in range(4)),
            "0" + pick(rng, "abcdef", 1),
        ]
    )


def api_key(rng: random.Random) -> str:
    upper = string.ascii_uppercase + "234567"
    makers: list[Callable[[], str]] = [
        lambda: "AK" + "IA" + pick(rng, upper, 16),
        lambda: "gh" + "p_" + pick(rng, BASE62, 36),
        lambda: "gl" + "pat-" + pick(rng, BASE62, 20),
        lambda: "xox" + "b-" + digits(rng, 12) + "-" + digits(rng, 12) + "-" + pick(rng, BASE62, 24),
        lambda: "sk" + "_live_" + pick(rng, BASE62, 24),
        lambda: "sk" + "-proj-" + pick(rng, BASE62, 48),
        lambda: "sk" + "-ant-api03-" + pick(rng, BASE62, 80),
        lambda: "AI" + "za" + pick(rng, BASE62, 35),
        lambda: "SG" + "." + pick(rng, BASE62, 22) + "." + pick(rng, BASE62, 43),
        lambda: "hf" + "_" + pick(rng, string.ascii_letters, 34),
        lambda: "np" + "m_" + pick(rng, BASE62, 36),
        lambda: "dop" + "_v1_" + pick(rng, HEX, 64),
        lambda: "shp" + "at_" + pick(rng, HEX, 32),
        lambda: "da" + "pi" + pick(rng, HEX, 32),
        lambda: "key" + "-" + pick(rng, HEX, 32),
        lambda: digits(rng, 10) + ":" + "AA" + pick(rng, BASE62, 33),
    ]
    return rng.choice(makers)()


def jwt(rng: random.Random) -> str:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    head, body = part('{"alg":"HS256"}'), part(f'{{"sub":"{rng.random()}"}}')
    return f"{head}.{body}.{pick(rng, BASE62, 43)}"


def assigned(rng: random.Random) -> tuple[str, str]:
    """What stands before a secret, and the secret."""
    value = pick(rng, BASE62, 28) + rng.choice(string.digits)
    password = pick(rng, string.ascii_letters, 6) + rng.choice("!#%") + pick(rng, string.digits, 2)
    return rng.choice(
        [("api_key = ", value), ("client_secret: ", value), ('"access_token": "', value), ("password=", password),
         ("Passwort: ", password), ("senha: ", password), ("Authorization: Bearer ", value)]
    )  # fmt: skip


def token_url(rng: random.Random) -> tuple[str, str, str]:
    """A URL in three pieces, the secret in the middle."""
    value = pick(rng, BASE62, 24) + "7"
    login = "deploy:" + pick(rng, BASE62, 12)
    return rng.choice(
        [("https://api.example.com/v1/items?token=", value, "&page=2"),
         ("https://", login, "@git.example.com/a.git"),
         ("https://b.example.com/a.pdf?X-Amz-Date=20240101T000000Z&X-Amz-Signature=", pick(rng, HEX, 64), ""),
         ("https://store.example.net/c?sv=2022-11-02&sig=", value + "%3D", "&sp=r"),
         ("postgres://", login, "@db.example.com:5432/x"),
         ("https://example.com/cb#access_token=", value, "&state=1")]
    )  # fmt: skip


# --- texts

CARRIERS = {
    "en": ("Works well so far.", "You can reach me at {} any time.", "Sold by the maker ({}).", "My details: {}",
           "Sent from {} last week."),
    "de": ("Schnelle Lieferung.", "Bei Fragen gern an {} wenden.", "Verkauf durch den Hersteller ({}).",
           "Meine Angaben: {}", "Gesendet von {} am Montag."),
    "fr": ("Livraison rapide.", "Vous pouvez me joindre : {} à tout moment.", "Vendu par le fabricant ({}).",
           "Mes données : {}", "Envoyé de {} lundi."),
    "pt": ("Entrega rápida.", "Meu contato é {} a qualquer hora.", "Vendido pelo fabricante ({}).", "Meus dados: {}",
           "Enviado de {} na segunda."),
    "ja": ("配送が早かったです。", "ご連絡は{}までお願いします。", "メーカー直販（{}）です。", "私の情報：{}",
           "{}から送信されました。"),
}  # fmt: skip
WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")


@dataclass(frozen=True)
class Plant:
    """Something private with what belongs before and after it."""

    kind: str
    before: str
    value: str
    after: str = ""


def plants(rng: random.Random, language: str) -> list[Plant]:
    """One of each kind, as it is written in the language."""
    form = rng.choice(PHONES[language])
    phone = fake_phone(rng, form)
    if language == "ja" and rng.random() < 0.3:
        phone = phone.translate(WIDE)
    label, bare = BARE_PHONES[language]
    name, secret = assigned(rng)
    before, token, after = token_url(rng)
    return [
        Plant("email", "", email(rng)),
        Plant("phone", "", phone),
        Plant("phone", label, fake_phone(rng, bare)),
        Plant("card", "", card(rng)),
        Plant("iban", rng.choice(["", "IBAN "]), iban(rng)),
        Plant("cpf", rng.choice(["", "CPF "]), cpf(rng)),
        Plant("cnpj", rng.choice(["", "CNPJ "]), cnpj(rng)),
        Plant("ip", "", ip(rng)),
        Plant("mac", "", mac(rng)),
        Plant("api_key", "", api_key(rng)),
        Plant("api_key", "", jwt(rng)),
        Plant("api_key", name, secret, '"' if '"' in name else ""),
        Plant("token_url", before, token, after),
        Plant("ssn", rng.choice(["", "SSN "]), ssn(rng)),
        Plant("nir", "", nir(rng)),
        Plant("dni", rng.choice(["", "DNI "]), dni(rng)),
        Plant("steuer_id", "Steuer-ID ", steuer_id(rng)),
        Plant("my_number", "マイナンバー：", my_number(rng)),
    ]


def planted_text(rng: random.Random, language: str, plant: Plant, bait: list[str]) -> Planted:
    """A text with one thing planted between look-alikes, one sentence each."""
    carriers = CARRIERS[language]
    whole = plant.before + plant.value + plant.after
    sentences = [rng.choice(carriers[1:]).format(whole), carriers[0], *(f"{one}." for one in bait)]
    rng.shuffle(sentences)
    text = rng.choice([" ", "\n"]).join(sentences)
    start = text.index(whole) + len(plant.before)
    return Planted(language, text, ((plant.kind, start, start + len(plant.value)),))
