"""Look-alikes: what shares its shape with personal data and is none."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from tests.quality.private_corpus import BASE62, HEX, digits, luhn_digit, pick


def gtin(rng: random.Random, length: int) -> str:
    body = digits(rng, length - 1)
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def isbn10(rng: random.Random) -> str:
    body = pick(rng, string.digits, 9)
    rest = sum(int(d) * w for d, w in zip(body, range(10, 1, -1), strict=True)) % 11
    check = "0X987654321"[rest] if rest else "0"
    return f"{body[0]}-{body[1:4]}-{body[4:9]}-{check}"


def n(rng: random.Random, low: int, high: int) -> int:
    return rng.randrange(low, high)


BAIT: list[Callable[[random.Random], str]] = [
    lambda r: f"EAN {gtin(r, 13)}",
    lambda r: f"GTIN: {gtin(r, 14)}",
    lambda r: f"{gtin(r, 13)}",
    lambda r: f"UPC {gtin(r, 12)}",
    lambda r: f"({gtin(r, 12)})",
    lambda r: f"ISBN 978-3-{digits(r, 2)}-{digits(r, 6)}-{n(r, 0, 10)}",
    lambda r: f"ISBN-10: {isbn10(r)}",
    lambda r: f"ISBN {digits(r, 10)}",
    lambda r: f"ISSN {digits(r, 4)}-{digits(r, 4)}",
    lambda r: f"ASIN B0{pick(r, string.ascii_uppercase + string.digits, 8)}",
    lambda r: f"Order #{digits(r, 3)}-{digits(r, 7)}-{digits(r, 7)}",
    lambda r: f"order no. {digits(r, 10)}",
    lambda r: f"Bestellnummer {digits(r, 3)}-{digits(r, 3)}-{digits(r, 4)}",
    lambda r: f"Artikelnr. {digits(r, 8)}",
    lambda r: f"référence {digits(r, 9)}",
    lambda r: f"Pedido nº {digits(r, 11)}",
    lambda r: f"品番 {digits(r, 3)}-{digits(r, 4)}-{digits(r, 4)}",
    lambda r: f"注文番号：{digits(r, 10)}",
    lambda r: f"Model {digits(r, 3)}-{digits(r, 3)}-{digits(r, 4)}",
    lambda r: f"phone case, model {digits(r, 10)}",
    lambda r: f"SKU-{digits(r, 3)}-{digits(r, 3)}-{digits(r, 4)}",
    lambda r: f"Serial {pick(r, string.ascii_uppercase, 3)}{digits(r, 9)}",
    lambda r: f"Bosch 0 {digits(r, 3)} {digits(r, 3)} {digits(r, 3)}",
    lambda r: f"OEM 04465-0{digits(r, 4)}",
    lambda r: f"NSN {digits(r, 4)}-01-{digits(r, 3)}-{digits(r, 4)}",
    lambda r: f"VIN 1HGCM82633A{digits(r, 6)}",
    lambda r: f"IMEI {(body := '35' + digits(r, 12))}{luhn_digit(body)}",
    lambda r: f"tracking 1Z{pick(r, string.ascii_uppercase + string.digits, 16)}",
    lambda r: f"USPS 9400 1{digits(r, 3)} {digits(r, 4)} {digits(r, 4)} {digits(r, 4)} {digits(r, 2)}",
    lambda r: f"Sendungsnummer {digits(r, 12)}",
    lambda r: f"${n(r, 1, 9)},{n(r, 100, 999)},{n(r, 100, 999)}.{n(r, 10, 99)}",
    lambda r: f"{n(r, 1, 999)}.{n(r, 100, 999)}.{n(r, 100, 999)},{n(r, 10, 99)} €",
    lambda r: f"R$ {n(r, 1, 999)}.{n(r, 100, 999)}.{n(r, 100, 999)},00",
    lambda r: f"{n(r, 1, 99)} {n(r, 100, 999)} {n(r, 100, 999)} habitants",
    lambda r: f"¥{n(r, 1, 99)},{n(r, 100, 999)},{n(r, 100, 999)}",
    lambda r: f"{n(r, 1, 28):02d}.{n(r, 1, 13):02d}.20{n(r, 10, 30)} {n(r, 0, 24):02d}:{n(r, 10, 60)}",
    lambda r: f"{n(r, 1, 28):02d}/{n(r, 1, 13):02d}/20{n(r, 10, 30)}",
    lambda r: f"{n(r, 1, 28):02d}-{n(r, 1, 13):02d}-20{n(r, 10, 30)}",
    lambda r: f"20{n(r, 10, 30)}-{n(r, 1, 13):02d}-{n(r, 1, 28):02d} {n(r, 0, 24):02d}:{n(r, 10, 60)}:{n(r, 10, 60)}",
    lambda r: f"20{n(r, 10, 30)}{n(r, 1, 13):02d}{n(r, 1, 28):02d}T{n(r, 10, 24)}{n(r, 10, 60)}00Z",
    lambda r: f"20{n(r, 10, 30)}年{n(r, 1, 13)}月{n(r, 1, 28)}日",
    lambda r: f"season 20{n(r, 10, 20)}-20{n(r, 20, 30)}",
    lambda r: f"11 20{n(r, 10, 20)}-20{n(r, 20, 30)}",
    lambda r: f"timestamp 17{digits(r, 8)}",
    lambda r: f"17{digits(r, 11)} ms",
    lambda r: f"Mo-Fr 08:00-18:00, Sa 09:00-1{n(r, 2, 6)}:00",
    lambda r: f"0{n(r, 7, 10)}00 - 1{n(r, 6, 9)}30",
    lambda r: "sizes 02 04 06 08 10",
    lambda r: "Gr. 36 38 40 42 44 46",
    lambda r: "tailles 06 12 18 24 36 mois",
    lambda r: f"{n(r, 100, 256)} 256 512 1024 GB",
    lambda r: f"{n(r, 10, 99)}.5 x {n(r, 10, 99)}.4 x {n(r, 1, 9)}.1 cm",
    lambda r: "1920 x 1080, 2560x1440 and 3840x2160",
    lambda r: f"DDR5 {n(r, 30, 40)}-{n(r, 30, 40)}-{n(r, 30, 40)}-{n(r, 60, 90)} timings",
    lambda r: f"18650 3.7V {n(r, 20, 36)}00mAh",
    lambda r: f"{n(r, 10, 89)}.{digits(r, 6)}, -{n(r, 10, 179)}.{digits(r, 6)}",
    lambda r: f"+{n(r, 10, 89)}.{digits(r, 6)}, +{n(r, 10, 99)}.{digits(r, 7)}",
    lambda r: f"@{n(r, 10, 89)}.{digits(r, 7)},{n(r, 10, 99)}.{digits(r, 7)},15z",
    lambda r: f"-{n(r, 10, 40)} - {n(r, 40, 90)} °C, {n(r, 1, 9)}000000 cycles",
    lambda r: f"version {n(r, 1, 20)}.{n(r, 0, 20)}.{n(r, 0, 30)}.{n(r, 0, 250)}",
    lambda r: f"v{n(r, 1, 20)}.{n(r, 0, 200)}.{n(r, 0, 200)}.{n(r, 0, 250)}",
    lambda r: f"Firmware {n(r, 1, 200)}.{n(r, 0, 200)}.{n(r, 0, 200)}.{n(r, 0, 250)}",
    lambda r: f"Chrome/{n(r, 80, 130)}.0.0.0 Safari/537.36",
    lambda r: f"{n(r, 1, 9)}.{n(r, 1, 9)}.{n(r, 1, 9)}.{n(r, 1, 9)} Scope",
    lambda r: f"section {n(r, 1, 9)}.{n(r, 10, 40)}.{n(r, 1, 9)}.{n(r, 21, 90)}",
    lambda r: "255.255.255.0",
    lambda r: "127.0.0.1:8080",
    lambda r: f"OID 1.3.6.1.4.1.{n(r, 1, 9999)}",
    lambda r: f"{pick(r, HEX, 8)}-{pick(r, HEX, 4)}-4{pick(r, HEX, 3)}-a{pick(r, HEX, 3)}-{digits(r, 12)}",
    lambda r: f"sha256:{pick(r, HEX, 64)}",
    lambda r: f"commit {pick(r, HEX, 40)}",
    lambda r: pick(r, HEX, 32),
    lambda r: f"#{pick(r, HEX, 6)} and #{digits(r, 6)}",
    lambda r: f"sha384-{pick(r, BASE62, 64)}",
    lambda r: f"data:image/png;base64,iVBORw0KGgo{pick(r, BASE62, 60)}",
    lambda r: f"https://www.example.com/p/{digits(r, 10)}?id={digits(r, 9)}&utm_source=mail&ref=sr_1_{n(r, 1, 9)}",
    lambda r: (
        f"https://www.example.com/{digits(r, 3)}-{digits(r, 3)}-{digits(r, 4)}/a-long-product-name-{digits(r, 5)}.html"
    ),
    lambda r: f"https://youtu.be/{pick(r, BASE62, 11)}",
    lambda r: f"https://docs.example.com/d/{pick(r, BASE62, 44)}/edit",
    lambda r: "https://cdn.example.com/image@2x.png",
    lambda r: f"react@{n(r, 16, 20)}.2.0 and @types/node@20.{n(r, 1, 9)}.{n(r, 1, 9)}",
    lambda r: f"lodash@4.17.{n(r, 1, 30)}-beta.rc",
    lambda r: "@media (max-width: 600px)",
    lambda r: "follow @some_shop or @other.shop on the app",
    lambda r: "@user@mastodon.example",
    lambda r: "git@github.com:example/repo.git",
    lambda r: f"{n(r, 2, 9)} pcs @ ${n(r, 1, 9)}.50",
    lambda r: "meet at noon, dot the i and read at amazon dot com",
    lambda r: "(at the top) or [at] all",
    lambda r: "password: required, at least 8 characters",
    lambda r: "Passwort: mindestens acht Zeichen",
    lambda r: "Token: ERC-20, secret: the sauce",
    lambda r: "The secret is simple: patience. Key: C-sharp minor",
    lambda r: "api_key = os.environ['API_KEY']",
    lambda r: "password: ${DB_PASSWORD}, token=<your-token>",
    lambda r: "Authorization: Bearer YOUR_ACCESS_TOKEN_GOES_HERE",
    lambda r: "bearer of good news, basic understanding",
    lambda r: f"CAS {n(r, 100, 9999)}-{n(r, 10, 99)}-{n(r, 0, 9)}",
    lambda r: f"US {n(r, 8, 11)},{n(r, 100, 999)},{n(r, 100, 999)} B2",
    lambda r: f"DOI 10.{n(r, 1000, 9999)}/j.{digits(r, 4)}.{digits(r, 6)}",
    lambda r: f"arXiv:2{n(r, 100, 400)}.{digits(r, 5)}",
    lambda r: f"Boston, MA 0{digits(r, 4)}-{digits(r, 4)}",
    lambda r: f"CEP 0{digits(r, 4)}-{digits(r, 3)}",
    lambda r: f"〒{digits(r, 3)}-{digits(r, 4)}",
    lambda r: f"HS code {digits(r, 4)}.{digits(r, 2)}.{digits(r, 4)}",
    lambda r: f"{n(r, 10, 24)}:{n(r, 10, 60)}:{n(r, 10, 60)}",
    lambda r: "std::vector, Bad::Cafe, 10::20 and a::b",
    lambda r: f"ratio {n(r, 1, 9)}:{n(r, 1, 9)}:{n(r, 1, 9)}:{n(r, 1, 9)}",
    lambda r: "00:00:00:00:00:00",
    lambda r: f"part {digits(r, 3)}-{digits(r, 2)}-{digits(r, 4)}",
    lambda r: f"item {digits(r, 8)}{pick(r, string.ascii_uppercase, 1)}",
    lambda r: f"{digits(r, 16, '789')}",
    lambda r: f"ticket {digits(r, 16)}",
    lambda r: f"IBAN DE{pick(r, string.digits, 2)} 1234",
    lambda r: f"{digits(r, 12)}",
    lambda r: f"{n(r, 1, 999)} {n(r, 100, 999)} {n(r, 100, 999)} {n(r, 100, 999)} yen",
    lambda r: f"lote {digits(r, 7)}, val. {n(r, 1, 13):02d}/20{n(r, 24, 30)}",
    lambda r: f"[EMAIL] [PHONE_{n(r, 1, 9)}]",
    # seen in 40 MB of program documentation
    lambda r: (
        f"{pick(r, '01234', 4)} {pick(r, '01234', 3)} {pick(r, '01234', 3)} 0{pick(r, '1234', 3)} 0{pick(r, '01', 4)}"
    ),
    lambda r: f"released on {n(r, 1, 13):02d}/{n(r, 13, 29)}/20{n(r, 10, 25)}, see 20{n(r, 10, 25)}1206",
    lambda r: f"default_rng({digits(r, 18)})",
    lambda r: f"embed_tokens = ScaledWordEmbedding{n(r, 1, 9)}(config)",
    lambda r: "password = Prompt.ask('Key?')",
    lambda r: f"nextPageToken: {pick(r, BASE62, 40)}",
    lambda r: f"public_key = {pick(r, BASE62, 43)}",
    lambda r: f'"AWS::EC2::Association": "{pick(r, HEX, 16)}"',
    lambda r: "po/en@shaw.po and sr@latin.po",
    lambda r: f"phonenumbers 9.0.{n(r, 10, 99)} (20{n(r, 20, 26)}-11, MIT)",
    lambda r: f"apsw 3.{n(r, 30, 60)}.{n(r, 0, 9)}.0",
]
