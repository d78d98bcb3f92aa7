"""The encoding of a text: by byte order mark, by the pattern of NULs, by what a page declares, else UTF-8.

Nothing is guessed silently. Where the bytes are not in that encoding, likely others are proposed, each with how the
first bad place would read in it; the person chooses.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.previews import EncodingGuess

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4096
_FEWEST_NULS = 0.01  # of the sample, for text of wide characters; Japanese has its spaces and line ends
_MOST_NULS = 0.01  # of the sample, for a text of bytes that a few NULs have slipped into
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")  # what no text holds; ESC belongs to some encodings
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_XML_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})["']""")
_WEB_NAMES = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gbk", "gbk": "gb18030", "shift_jis": "cp932"}
_CHUNK = 1024**2
_AROUND = 32 * 1024  # bytes around the first bad place from which encodings are proposed
_SHOWN = 24
_MOST_GUESSES = 3
_USUAL = "cp1252"


def encoding_name(name: str) -> str:
    """An encoding as typed, by Python's name for the codec. Raises UsageError for an unknown one."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise UsageError(f"There is no encoding {name!r}", hint="For example utf-8, latin-1, cp1252, utf-16") from None
    try:
        found.decode(b"")
        "".encode(name)
    except (LookupError, TypeError, ValueError):
        raise UsageError(f"{name!r} is no text encoding", hint="For example utf-8, latin-1, utf-16") from None
    return found.name


def encoding_of(head: bytes) -> str | None:
    """The encoding of a text by its first bytes; ``None`` for binary data."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    sample = head[:_SAMPLE]
    if b"\x00" in sample:
        return _wide_encoding(sample) or ("utf-8" if _is_text_with_nuls(sample) else None)
    return None if _looks_binary(sample) else "utf-8"


def declared_encoding(head: bytes) -> str | None:
    """What an HTML page says of its own encoding, as browsers take it (Latin-1 is read as cp1252)."""
    match = _XML_DECLARED.search(head[:1024]) or _DECLARED.search(head[:8192])
    if match is None:
        return None
    try:
        name = encoding_name(match.group(1).decode("ascii", "replace"))
    except UsageError:
        return None
    return "utf-8" if name.startswith("utf-16") else _WEB_NAMES.get(name, name)


def is_in(head: bytes, encoding: str) -> bool:
    """Whether the first bytes of a file are text in an encoding; the last character may be cut."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except UnicodeError:
        return False
    return True


def first_bad_byte(path: Path, encoding: str) -> int | None:
    """Where a file stops to be text in an encoding, in bytes; ``None`` where all of it is."""
    decoder, at = codecs.getincrementaldecoder(encoding)("strict"), 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            held = len(decoder.getstate()[0]) if at else 0
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return at - held + error.start
            except UnicodeError:
                return at
            if not chunk:
                return None
            at += len(chunk)


def proposals(path: Path, bad_at: int) -> tuple[EncodingGuess, ...]:
    """Up to three encodings that the bytes around the first bad place may be in. None of them is sure."""
    from charset_normalizer import from_bytes  # 30 ms, and only files in trouble need it

    begin = max(0, bad_at - _AROUND)
    with path.open("rb") as stream:
        stream.seek(begin)
        sample = stream.read(2 * _AROUND)
    found = [match.encoding for match in from_bytes(sample)]
    names: dict[str, str] = {}  # by how they read, the most usual one of those that read alike
    for name in dict.fromkeys([*found[: _MOST_GUESSES - 1], _USUAL, *found]):
        shown = _as_read(sample, bad_at - begin, name)
        if shown and (shown not in names or name == _USUAL):
            names[shown] = codecs.lookup(name).name
    return tuple(EncodingGuess(name, shown) for shown, name in names.items())[:_MOST_GUESSES]


def _as_read(sample: bytes, bad_at: int, encoding: str) -> str:
    """How the line around the bad place reads; empty where the encoding can't be meant."""
    begin = max(sample.rfind(b"\n", 0, bad_at) + 1, bad_at - _SHOWN)
    end = sample.find(b"\n", bad_at)
    piece = sample[begin : min(end if end >= 0 else len(sample), bad_at + _SHOWN)]
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(piece)
    except (UnicodeError, LookupError):
        return ""
    return "" if _CONTROLS.search(text) or "\x00" in text else text.strip()


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark: whole units that all decode, with NULs only where their high bytes lie."""
    for name in ("utf-32-le", "utf-32-be"):
        if len(sample) >= 4 and _is_whole_text(sample[: len(sample) // 4 * 4], name):
            return name
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    least = max(1, _FEWEST_NULS * len(sample))
    if odd >= least and not even and _is_whole_text(sample[: len(sample) // 2 * 2], "utf-16-le"):
        return "utf-16-le"
    if even >= least and not odd and _is_whole_text(sample[: len(sample) // 2 * 2], "utf-16-be"):
        return "utf-16-be"
    return None


def _is_whole_text(sample: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeError:
        return False
    return "\x00" not in text and _CONTROLS.search(text) is None


def _is_text_with_nuls(sample: bytes) -> bool:
    """A text of bytes with a few NULs, each of which will be rejected with its line."""
    if sample.lstrip()[:1] in (b"{", b"["):
        return True
    return sample.count(0) <= max(1, _MOST_NULS * len(sample)) and not _looks_binary(sample.replace(b"\x00", b""))


def _looks_binary(sample: bytes) -> bool:
    controls = sum(sample.count(byte) for byte in (*range(1, 9), *range(14, 27), *range(28, 32)))
    return controls > 0.02 * len(sample)
