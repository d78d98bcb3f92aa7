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
    r"passwort|pass(?:word|wd|phrase|code)?|kennwort|pwd|senha|contrase[nñ]a|clave|mot de passe|wachtwoord"
    r"|パスワード|密码"
    r"|secret|token|api[_\- ]?key|apikey|access[_\- ]?key|auth[_\- ]?key|account[_\- ]?key"
    r"|private[_\- ]?key|secret[_\- ]?key"
    r"|shared[_\- ]?access[_\- ]?key|master[_\- ]?key|encryption[_\- ]?key|signing[_\- ]?key|app(?:lication)?[_\- ]?key"
    r"|credentials?|(?<=[_\-])auth(?![a-z])|jwt|session[_\- ]?id|api-?schlüssel|chave (?:de )?api|cl[ée] (?:d['’])?api"
)
_ASSIGNED = re.compile(
    rf"(?P<name>{_NAMES})(?P<rest>[A-Za-z0-9_.\-]{{0,24}})(?:[\"'`\]]{{0,2}}| is| ist| est| é| es)[ \t]{{0,4}}"
    r"(?P<sign>:=|=>|={1,3}|:|：|->|,(?=[ ]?[\"']))[ \t]{0,4}"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\s\"'`]{6,512})(?P=quote)"
    r"|(?:\\\")?(?P<value>[^\s\"'`<>\\,;(){}\[\]\u2e80-\uffff]{6,512}))",
    re.IGNORECASE,
)
_NAME_PARTS = ("pass", "pwd", "kennwort", "senha", "contrase", "clave", "wachtwoord", "secret", "token", "key",
               "credential", "auth", "jwt", "session", "schlüssel", "chave", "clé", "パスワード", "密码")  # fmt: skip
_IS_PASSWORD = re.compile(r"pass|pwd|kennwort|senha|contrase|clave|wachtwoord|パスワード|密码", re.IGNORECASE)
_HEADER = re.compile(
    r"(?:(?P<authorization>authorization[\"']?[:=][ \t]{0,5}[\"']?)"
    r"(?:(?:bearer|basic|(?:api-?)?token|apikey)[ \t]{1,3})?"
    r"|(?<![A-Za-z])(?:bearer|basic|(?:api-?)?token|apikey)[ \t]{1,3})(?P<value>[A-Za-z0-9_\-.~+/]{8,4096}={0,2})",
    re.IGNORECASE,
)
_CURL = re.compile(
    r"[ \t](?:-u|--user)(?:=|[ \t]{1,5})[\"']?(?P<value>[^\s\"':$<{\[]{0,80}:[^\s\"'$<{\[][^\s\"'<{\[]{2,120})"
)
_NOT_A_SECRET = re.compile(
    r"x{4,}|\*{3,}|\.{3}|•{3,}|^[$%@]|^//|^https?:|^[/~.]|^(?:your|my|the|some|sample|test|dummy|insert|enter)[_\-. ]"
    r"|^replace[_\-. ]"
    r"|^(?:example|change_?me|none|null|true|false|undefined|required|optional|string)(?![A-Za-z0-9])"
    r"|^(?:process\.env|os\.|env\.|self\.|this\.|config\.|settings\.|secrets?\.|var\.|params\.|request\.|get_)"
    r"|^(?:wpa[0-9]?|wep|aes|sha|md5|rsa|oauth[0-9]?|base64|utf|bcrypt|pbkdf2|erc|http)(?:[\-_ ]?[0-9a-z]{1,6})?$",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:spec|arn|type|name|ur[il]|length|size|count|format|policy|field|label|hint|file|path|limit|(?:^|[a-z_])id"
    r"|expir[a-z]{1,4})s?$",
    re.IGNORECASE,
)
_HARMLESS_BEFORE = re.compile(
    r"(?:public|primary|foreign|bucket|schema|sequence|partition|sort|cache|csrf|next|page|continuation)[_\-]?$",
    re.IGNORECASE,
)
_SHORT_NAME = 4
_WORD_IN_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LETTERS_OF_A_WORD = 4.5
_SCHEMES = ("authorization", "bearer ", "basic ", "token ", "apikey ")
_SHORTEST_ALONE = 20
_LEAST_BITS = 2.75


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
        if not _is_name(text, match):
            continue
        group = "quoted" if match["quoted"] else "value"
        value = match[group] if match["quoted"] else match[group].rstrip(".!?:|&").partition("&")[0]
        first = match.start(group)
        is_call = text[first + len(value) : first + len(value) + 1] in ("(", "[")
        is_password = _IS_PASSWORD.match(match["name"]) is not None
        if not is_call and _is_secret(value, is_password=is_password, is_quoted=group == "quoted"):
            yield Hit("api_key", first, first + len(value))


def _is_name(text: str, match: re.Match[str]) -> bool:
    """Whether a secret's name is meant: not the middle of "association", nor what is said about a key."""
    name, before = match["name"], text[match.start() - 1 : match.start()]
    is_inside = before.isascii() and before.isalpha() and not (name[0].isupper() and before.islower())
    if (is_inside and len(name) <= _SHORT_NAME) or _ABOUT.search(match["rest"]):
        return False
    return _HARMLESS_BEFORE.search(text, max(0, match.start() - 14), match.start()) is None


def named_secrets(text: str, start: int, end: int) -> Iterator[Hit]:
    """What a name or a header's scheme calls a secret, in a stretch that ends with a long word."""
    lower = text[start:end].lower()
    if any(name in lower for name in _NAME_PARTS):
        yield from assigned_secrets(text, start, end)
    if any(scheme in lower for scheme in _SCHEMES):
        yield from headers(text, start, end)
    if ("-u" in lower) and "curl" in text:
        yield from curl_logins(text, start, end)


def headers(text: str, start: int, end: int) -> Iterator[Hit]:
    """What follows ``Authorization:``, ``Bearer`` and ``Basic`` in a request's header."""
    for match in _HEADER.finditer(text, start, end):
        value = match["value"].rstrip(".")
        if _NOT_A_SECRET.search(value):
            continue
        is_mixed = value.lower() != value != value.upper() and not value.istitle()
        if _looks_random(value, _SHORTEST_ALONE) or (match["authorization"] and (is_mixed or _UUID.fullmatch(value))):
            yield Hit("api_key", match.start("value"), match.start("value") + len(value))


def curl_logins(text: str, start: int, end: int) -> Iterator[Hit]:
    """The name and password that a command gives to ``curl -u``."""
    for match in _CURL.finditer(text, start, end):
        password = match["value"].partition(":")[2]
        if any(not sign.isalpha() for sign in password.strip("._-")):
            yield Hit("api_key", match.start("value"), match.end("value"))


def _is_secret(value: str, *, is_password: bool, is_quoted: bool) -> bool:
    if len(value) < 6 or _NOT_A_SECRET.search(value):
        return False
    digits = sum(map(str.isdecimal, value))
    if is_password:
        has_letter = any(map(str.isalpha, value))
        has_sign = any(not sign.isalnum() and sign not in "._-/:" for sign in value)
        has_both_cases = value.lower() != value and value[1:].upper() != value[1:]
        return has_letter and (digits > 0 or (has_sign and (is_quoted or has_both_cases)))
    if _UUID.fullmatch(value):
        return True
    return _looks_random(value, 12 if is_quoted else 16) and not _is_identifier(value)


def _is_identifier(value: str) -> bool:
    """Names of programs, which are made of words: ``ScaledWordEmbedding2``."""
    parts = _WORD_IN_NAME.findall(value)
    return len(parts) * _LETTERS_OF_A_WORD <= sum(map(len, parts))


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
    return len(set(tail)) <= 2 or "xxxxxx" in key.lower()
