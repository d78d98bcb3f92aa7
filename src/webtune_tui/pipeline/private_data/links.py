"""URLs that carry a secret: the name and password before the host, a token in the query or a hook's path. Only the
secret part is taken, so that the rest stays readable."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webtune_tui.pipeline.private_data.hits import Hit

_LOGIN = re.compile(r"[^\s/?#@\"'<>|\\\[\]]{0,200}:(?P<secret>[^\s/?#@\"'<>|\\\[\]]{1,300})@(?=[A-Za-z0-9\[])")
_END = re.compile(r"[\s\"'<>|\\^`\[\]\u2e80-\uffff]")
_LONGEST = 8_000
_STRONG = (
    r"access_?token|auth_?token|id_?token|refresh_?token|api_?token|private_?token|session_?token|security_?token|token|api[_\-]?key|apikey"
    r"|app_?key|app_?secret|client_?secret|secret(?:_?key)?|subscription-key|password|passwd|passwort|pwd|pass|senha|sig|signature"
    r"|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature|x-goog-credential|awsaccesskeyid|jwt|ticket|otp|oauth_token|oauth_signature"
    r"|hmac|credential|code_verifier|jsessionid|phpsessid|sessionid|session_?id|sid|authkey|auth_?key|access_?key|webhook_?token|invite_?token|reset_?token|magic"
)
_WEAK = r"key|auth|authorization|session|code|nonce"
_QUERY = re.compile(
    rf"(?<=[?&#;])(?:amp;)?(?P<name>{_STRONG}|{_WEAK})(?:=|%3D)(?P<value>[^&#;\s\"'<>\[\]]{{4,4000}})", re.IGNORECASE
)
_IS_STRONG = re.compile(_STRONG, re.IGNORECASE)
_HOOK = re.compile(
    r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<slack>[A-Za-z0-9_/\-]{20,200})"
    r"|(?:discord|discordapp)\.com/api/webhooks/(?P<discord>[0-9]{15,20}/[A-Za-z0-9_\-]{60,70})"
    r"|api\.telegram\.org/(?:file/)?bot(?P<telegram>[0-9]{8,10}:[A-Za-z0-9_\-]{35})"
    r"|[a-z0-9\-]{1,60}\.webhook\.office\.com/webhookb2/(?P<teams>[A-Za-z0-9@/\-]{60,300})"
    r"|hooks\.zapier\.com/hooks/catch/(?P<zapier>[0-9]{4,12}/[A-Za-z0-9]{5,40})"
)
_TEMPLATE = re.compile(
    r"^[{<$%*]|^x{3,}$|^\.{3}|^(?:your|my|the|a)[_\- ]"
    r"|^(?:example|placeholder|redacted|true|false|null|none|undefined)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_PLAIN_VALUE = re.compile(r"^[0-9]{1,4}\.[0-9.]{1,8}$")
_COUNTERS = re.compile(r"sid|ticket|sig|session_?id|sessionid", re.IGNORECASE)


def secret_links(text: str) -> Iterator[Hit]:
    """The secret parts of every URL in the text, of those within others too."""
    place = text.find("://")
    while place >= 0:
        first = place + 3
        end = _end_of_url(text, first)
        yield from _in_url(text, first, end)
        place = text.find("://", end)


def _end_of_url(text: str, first: int) -> int:
    finish = _END.search(text, first, first + _LONGEST)
    return finish.start() if finish else min(len(text), first + _LONGEST)


def _in_url(text: str, first: int, end: int) -> Iterator[Hit]:
    host = first
    if "@" in text[first:end]:
        while host >= 3:
            login = _LOGIN.match(text, host, end + 1)
            if login and not _TEMPLATE.match(login["secret"]) and not _TEMPLATE.match(login.group()):
                yield Hit("token_url", host, login.end() - 1)
            host = text.find("://", host, end) + 3
    for match in _QUERY.finditer(text, first, end):
        value = match["value"].rstrip(".,!?)")
        if _is_secret(match["name"], value):
            yield Hit("token_url", match.start("value"), match.start("value") + len(value))
    if (hook := _HOOK.search(text, first, end)) is not None:
        yield Hit("token_url", hook.start(hook.lastgroup or 0), hook.end(hook.lastgroup or 0))


def _is_secret(name: str, value: str) -> bool:
    if _TEMPLATE.match(value):
        return False
    has_digit = any(map(str.isdecimal, value))
    if _IS_STRONG.fullmatch(name):
        if value.isdecimal() and _COUNTERS.fullmatch(name):
            return False
        return len(value) >= 6 and (has_digit or len(value) >= 8) and not _PLAIN_VALUE.match(value)
    has_letter = any(map(str.isalpha, value))
    return len(value) >= 20 and has_digit and has_letter and "/" not in value and "," not in value
