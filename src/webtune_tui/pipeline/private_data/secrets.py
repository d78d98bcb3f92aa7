"""Keys, tokens and passwords: by their vendors' formats, by their armour, or because the text says what they are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from webtune_tui.pipeline.private_data.hits import Hit
from webtune_tui.pipeline.private_data.secret_formats import known_formats

_ARMOUR = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_ARMOUR_END = re.compile(r"-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_ARMOUR_LINE = re.compile(r"(?:[ \t\r\n\"',+]|\\n|\\r){0,40}[A-Za-z0-9+/=]{16,}")
_LONGEST_ARMOUR = 20_000

_NAMES = (
    r"pass(?:word|wd|phrase|code)?|passwort|kennwort|pwd|senha|contrase[nñ]a|clave|mot de passe|wachtwoord|パスワード|密码"
    r"|secret|token|api[_\- ]?key|apikey|access[_\- ]?key|auth[_\- ]?key|account[_\- ]?key|private[_\- ]?key|secret[_\- ]?key"
    r"|shared[_\- ]?access[_\- ]?key|master[_\- ]?key|encryption[_\- ]?key|signing[_\- ]?key|app(?:lication)?[_\- ]?key"
    r"|credentials?|jwt|session[_\- ]?id|api-?schlüssel|chave (?:de )?api|cl[ée] (?:d['’])?api"
)
_ASSIGNED = re.compile(
    rf"(?P<name>{_NAMES})(?P<rest>[A-Za-z0-9_.\-]{{0,24}})(?:[\"'`\]]{{0,2}}| is| ist| est| é| es)[ \t]{{0,4}}"
    r"(?P<sign>:=|=>|={1,3}|:|：|->|,(?=[ ]?[\"']))[ \t]{0,4}"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\s\"'`]{6,512})(?P=quote)|(?:\\\")?(?P<value>[^\s\"'`<>\\,;(){}\[\]]{6,512}))",
    re.IGNORECASE,
)
_NAME_PARTS = ("pass", "pwd", "kennwort", "senha", "contrase", "clave", "wachtwoord", "secret", "token", "key", "credential",
               "jwt", "session", "schlüssel", "chave", "clé", "パスワード", "密码")  # fmt: skip
_IS_PASSWORD = re.compile(r"pass|pwd|kennwort|senha|contrase|clave|wachtwoord|パスワード|密码", re.IGNORECASE)
_HEADER = re.compile(
    r"(?P<scheme>bearer|basic|token|apikey)[ \t]{1,3}(?P<value>[A-Za-z0-9_\-.~+/]{16,4096}={0,2})", re.IGNORECASE
)
_NOT_A_SECRET = re.compile(
    r"x{4,}|\*{3,}|\.{3}|•{3,}|^\$|^%|^@|^//|^https?:|^[/~.]|^(?:your|my|the|some|example|sample|test|dummy|change|insert|enter|replace|none|null|true|false"
    r"|undefined|required|optional|string|process\.env|os\.|env\.|self\.|config|settings|secrets?\.|var\.|params|request|get_?|wpa|wep|aes|sha|md5|rsa|oauth|base64|utf|bcrypt|pbkdf2|http)",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_LEAST_BITS = 3.0


def known_secrets(text: str, start: int, end: int) -> Iterator[Hit]:
    """Keys in the formats of their vendors."""
    for match in known_formats().finditer(text, start, end):
        if not _is_blanked(match.group()):
            yield Hit("api_key", match.start(), match.end())


def private_keys(text: str) -> Iterator[Hit]:
    """Whole blocks from BEGIN to END PRIVATE KEY; without an end, as far as the key goes."""
    place = dashes = 0
    while (begin := _ARMOUR.search(text, place)) is not None:
        if 0 <= dashes < begin.end():
            dashes = text.find("-----END", begin.end())
        is_near = 0 <= dashes <= begin.end() + _LONGEST_ARMOUR
        finish = _ARMOUR_END.match(text, dashes) if is_near else None
        end = finish.end() if finish else _end_of_lines(text, begin.end())
        if end > begin.end():
            yield Hit("api_key", begin.start(), end)
        place = end


def _end_of_lines(text: str, end: int) -> int:
    """As far as lines of a key go on."""
    limit = end + _LONGEST_ARMOUR
    while (line := _ARMOUR_LINE.match(text, end, limit)) is not None:
        end = line.end()
    return end


def assigned_secrets(text: str, start: int, end: int) -> Iterator[Hit]:
    """Values that stand after a name such as ``password:`` or ``api_key =`` and look like no word."""
    for match in _ASSIGNED.finditer(text, start, end):
        group = "quoted" if match["quoted"] else "value"
        value = match[group] if match["quoted"] else match[group].rstrip(".!?:|&").partition("&")[0]
        is_password = _IS_PASSWORD.match(match["name"]) is not None
        if _is_secret(value, is_password=is_password, is_quoted=group == "quoted"):
            yield Hit("api_key", match.start(group), match.start(group) + len(value))


def named_secrets(text: str, start: int, end: int) -> Iterator[Hit]:
    """What a name or a header's scheme calls a secret, in a stretch that ends with a long word."""
    lower = text[start:end].lower()
    if any(name in lower for name in _NAME_PARTS):
        yield from assigned_secrets(text, start, end)
    if "bearer" in lower or "basic " in lower or "token " in lower or "apikey " in lower:
        yield from headers(text, start, end)


def headers(text: str, start: int, end: int) -> Iterator[Hit]:
    """What follows ``Bearer`` and ``Basic`` in a request's header."""
    for match in _HEADER.finditer(text, start, end):
        value = match["value"].rstrip(".")
        is_basic = match["scheme"].lower() == "basic"
        follows_header = "uthorization" in text[max(0, match.start() - 24) : match.start()]
        if match.start() and text[match.start() - 1].isalnum():
            continue
        if _looks_random(value, 16 if follows_header or not is_basic else 24) and not _NOT_A_SECRET.match(value):
            yield Hit("api_key", match.start("value"), match.start("value") + len(value))


def _is_secret(value: str, *, is_password: bool, is_quoted: bool) -> bool:
    if len(value) < 6 or _NOT_A_SECRET.search(value):
        return False
    has_digit = any(map(str.isdecimal, value))
    has_letter = any(map(str.isalpha, value))
    has_sign = any(not sign.isalnum() for sign in value.strip("-_.:/"))
    if is_password:
        has_both_cases = value.lower() != value and value[1:].upper() != value[1:] and not value.istitle()
        return has_letter and (
            has_digit or (is_quoted and (has_sign or has_both_cases)) or (has_sign and has_both_cases)
        )
    if _UUID.fullmatch(value):
        return True
    return _looks_random(value, 12 if is_quoted else 16)


def _looks_random(value: str, shortest: int) -> bool:
    """Whether letters and digits are mixed as in a key: long, and with at least three bits a sign."""
    if len(value) < shortest or not any(map(str.isdecimal, value)) or not any(map(str.isalpha, value)):
        return False
    return entropy(value) >= _LEAST_BITS


def entropy(text: str) -> float:
    """Shannon's bits per sign."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def _is_blanked(key: str) -> bool:
    """Keys of a manual: the format's beginning, then all x, zeros or stars."""
    tail = key[-16:]
    return len(set(tail)) <= 2 or "xxxx" in key.lower()
