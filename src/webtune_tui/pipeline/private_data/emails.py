"""E-mail addresses, also where the sign is spelled out; not handles, package versions or file names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webtune_tui.pipeline.private_data.hits import Hit

_LETTER = "A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_LOCAL_REVERSED = re.compile(rf"[{_LETTER}_+%\-'&=/!#$^~`|{{}}?*][{_LETTER}._+%\-'&=/!#$^~`|{{}}?*]{{0,63}}")
_LOCAL_TRIM = re.compile(r"^(?:[^=?&]*[?&])?[A-Za-z_\-]{0,40}=|^.*/|^[.'`{}|&?*!#$^~\-]+")
_DOMAIN = re.compile(
    rf"(?:[{_LETTER}](?:[{_LETTER}\-]{{0,61}}[{_LETTER}])?\.){{1,8}}(?:xn--[A-Za-z0-9\-]{{2,59}}|[A-Za-z\u00c0-\u024f]{{2,24}})(?![A-Za-z0-9_])"
)
_FILES = frozenset(
    ("png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "bmp", "ico", "tif", "tiff", "heic", "pdf", "html", "htm",
     "php", "asp", "aspx", "jsp", "css", "scss", "js", "mjs", "ts", "tsx", "jsx", "json", "xml", "yml", "yaml", "toml",
     "ini", "cfg", "txt", "csv", "log", "exe", "dll", "zip", "rar", "tar", "gz", "tgz", "mp3", "mp4", "mov", "avi",
     "mkv", "wav", "docx", "xlsx", "pptx", "lock", "ttf", "woff", "woff2", "eot", "po")
)  # fmt: skip
_VERSION = re.compile(r"[v^~]?[0-9]+\.[0-9x]|[0-9.]{1,4}x[.\-]", re.IGNORECASE)
_GLUED = re.compile(r"\.(?:com|org|net|de|fr|uk|br|pt|jp|es|it|nl|edu|gov|io)(?=\.[A-Z][a-z])")

_OPEN, _CLOSE = r"[(\[{<]", r"[)\]}>]"
_AT_WORDS = r"at|ät|a\.t\.|arroba|arobase|klammeraffe|chiocciola|snail|アット(?:マーク)?|@"
_DOT_WORDS = r"dot|punkt|point|punto|ponto|ドット|\.|d0t"
_WORD = rf"[{_LETTER}][{_LETTER}_+\-]{{0,40}}"
_DOT = rf"(?: ?{_OPEN} ?(?:{_DOT_WORDS}) ?{_CLOSE} ?|\.| (?:dot|punkt|ponto|punto) )"
_SPELLED = re.compile(
    rf"(?<![{_LETTER}._+\-]){_WORD}(?:{_DOT}{_WORD}){{0,3}} ?{_OPEN} ?(?:{_AT_WORDS}) ?{_CLOSE} ?"
    rf"(?P<domain>{_WORD}(?:{_DOT}{_WORD}){{0,3}}{_DOT}(?P<tld>[A-Za-z]{{2,12}}))(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    rf"(?<![{_LETTER}._+\-])(?P<local>{_WORD}(?:(?:\.| dot ){_WORD}){{0,3}}) (?:at|arroba|@) "
    rf"(?P<domain>{_WORD}(?:(?:\.| (?:dot|ponto|punto) ){_WORD}){{0,2}}(?:\.| (?:dot|ponto|punto) )"
    r"(?P<tld>com|org|net|edu|gov|io|co|de|fr|es|it|pt|br|uk|nl|jp|info|me|dev|app|example|test))(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_SPELLED_DOT = rf"(?: ?{_OPEN}(?:{_DOT_WORDS}){_CLOSE} ?| dot )"
_HALF = re.compile(
    rf"(?<![{_LETTER}._+\-])(?P<local>{_WORD}(?:\.{_WORD}){{0,3}})@"
    rf"(?P<domain>{_WORD}(?:(?:\.|{_SPELLED_DOT}){_WORD}){{0,3}}{_SPELLED_DOT}(?P<tld>[A-Za-z]{{2,12}}))(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_MAIL_BEFORE = re.compile(
    r"(?:e-?mails?|mail|correo|courriel|メール)(?: address| me| us)?(?: is|:| :|：)[ \u3000]?$", re.IGNORECASE
)


def emails(text: str, start: int = 0) -> Iterator[Hit]:
    """The addresses with their sign, in text order, of a folded text."""
    floor = start
    place = text.find("@", start)
    while place >= 0:
        hit = _around(text, floor, place, place + 1)
        if hit:
            yield hit
            floor = hit.end
        else:
            floor = place + 1
        place = text.find("@", floor)


def escaped_emails(text: str) -> Iterator[Hit]:
    """Addresses in the query of a URL, where the sign is written ``%40``."""
    floor = 0
    place = text.find("%40")
    while place >= 0:
        hit = _around(text, floor, place, place + 3)
        if hit:
            yield hit
        floor = place + 3
        place = text.find("%40", floor)


def _around(text: str, floor: int, sign: int, after: int) -> Hit | None:
    domain = _DOMAIN.match(text, after)
    if domain is None or _VERSION.match(text, after):
        return None
    end = _end_of_domain(text, after, domain.end())
    if not end:
        return None
    window = text[max(floor, sign - 64) : sign]
    reversed_local = _LOCAL_REVERSED.match(window[::-1])
    if reversed_local is None:
        return None
    local = window[len(window) - reversed_local.end() :]
    trimmed = _LOCAL_TRIM.match(local)
    while trimmed and trimmed.end():
        local = local[trimmed.end() :]
        trimmed = _LOCAL_TRIM.match(local)
    start = sign - len(local)
    if (
        not local
        or ".." in local
        or local.startswith(".")
        or (text[start - 1 : start] in ("@", ":") and _is_login(text, start))
    ):
        return None
    if local == "git" and text[end : end + 1] in (":", "/"):
        return None
    return Hit("email", start, end)


def _is_login(text: str, start: int) -> bool:
    """Whether what stands before is a handle's sign, or the name in ``name:password@host``."""
    return text[start - 1] == "@" or text[start - 3 : start] == "://" or (start > 1 and text[start - 2] in "/@")


def _end_of_domain(text: str, start: int, end: int) -> int:
    """The end of the domain, without a sentence that follows its last dot with no space; 0 where it is a file name."""
    glued = _GLUED.search(text, start, end)
    if glued:
        end = glued.end()
    ending = text[start:end].rpartition(".")[2].lower()
    return 0 if ending in _FILES else end


def spelled_emails(text: str) -> Iterator[Hit]:
    """Addresses written for persons alone: ``name (at) example dot com``."""
    for match in (*_SPELLED.finditer(text), *_HALF.finditer(text)):
        if match["tld"].lower() not in _FILES:
            yield Hit("email", match.start(), match.end())
    for match in _SPOKEN.finditer(text):
        is_name = re.search(r"[0-9_.]| dot ", match["local"]) is not None
        has_words = re.search(r" (?:dot|ponto|punto) ", match["domain"]) is not None
        if (is_name and has_words) or _MAIL_BEFORE.search(text[max(0, match.start() - 24) : match.start()]):
            yield Hit("email", match.start(), match.end())
