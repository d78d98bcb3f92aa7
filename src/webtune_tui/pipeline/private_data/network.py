"""Addresses of machines. Private and documentation ranges count too: they describe somebody's network. Left alone are
loopback, unspecified, mask and broadcast addresses, which are the same everywhere, and version numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webtune_tui.pipeline.private_data.hits import Hit
from webtune_tui.pipeline.private_data.labels import NETWORK, PRODUCT, VERSION, label_before

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(
    rf"(?<![A-Za-z0-9_$€£¥§])(?<![A-Za-z0-9][.,_/])(?<![A-Za-z]-){_OCTET}(?:\.{_OCTET}){{3}}"
    r"(?![A-Za-z0-9_])(?![.\-,][0-9A-Za-z])(?! ?[€%])"
)
_V6 = re.compile(
    r"(?<![A-Za-z0-9_:.])(?:(?:[0-9A-Fa-f]{1,4}:){1,7}|:(?=:))(?::(?:[0-9A-Fa-f]{1,4}:){0,6})?"
    r"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{1,4})?(?<=[:0-9A-Fa-f])(?![A-Za-z0-9_:])(?!\.[0-9])"
)
_MAC = re.compile(
    r"(?<![A-Za-z0-9])(?<![A-Za-z0-9][:\-.])(?:[0-9A-Fa-f]{2}(?P<gap>[:\-])[0-9A-Fa-f]{2}(?:(?P=gap)[0-9A-Fa-f]{2}){4}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![A-Za-z0-9])(?![:\-.][A-Za-z0-9])"
)
_SMALL = 20  # four small numbers are rather a version or a heading
_LEAST_FIRST = 10
_OUTLINE_AFTER = re.compile(r"\.?[ \t]+[A-ZÀ-Þ]")


def ip_addresses(text: str, start: int, end: int, field: str = "") -> Iterator[Hit]:
    """IPv4 addresses, without their ports."""
    for match in _V4.finditer(text, start, end):
        if _is_address(text, match, field):
            yield Hit("ip", match.start(), match.end())


def _is_address(text: str, match: re.Match[str], field: str) -> bool:
    octets = [int(part) for part in match.group().split(".")]
    if octets[0] in (0, 127, 255) or (octets[0] > 223 and octets[3] in (0, 255)):
        return False
    label = label_before(text, match.start(), field)
    if label == NETWORK or _stands_in_url(text, match.start()):
        return True
    if label in (VERSION, PRODUCT) and not _is_far(text, match.start()):
        return False
    small = sum(octet <= _SMALL for octet in octets)
    if small < (3 if octets[0] < _LEAST_FIRST else 4):
        return True
    return octets[0] >= _LEAST_FIRST and not _is_outline(text, match)


def _stands_in_url(text: str, start: int) -> bool:
    return text[max(0, start - 2) : start] in ("//",) or text[start - 1 : start] == "@"


def _is_far(text: str, start: int) -> bool:
    """Whether whole words stand between a label and the number: "update from 203.0.113.7" is no version."""
    before = text[max(0, start - 44) : start].lower()
    return (
        re.search(r"(?<![^\W\d_])(?:from|at|to|by|von|auf|unter|de|via|on|para|em|から)[ :]{1,2}$", before) is not None
    )


def _is_outline(text: str, match: re.Match[str]) -> bool:
    """Headings: ``1.2.3.4 Scope`` at the beginning of a line."""
    is_first = match.start() == 0 or text[match.start() - 1] == "\n"
    return is_first and _OUTLINE_AFTER.match(text, match.end()) is not None


def ip6_addresses(text: str, start: int, end: int) -> Iterator[Hit]:
    """IPv6 addresses; not times, nor names of programs such as ``Bad::Cafe``."""
    for match in _V6.finditer(text, start, end):
        if match.group().count(":") >= 2 and _is_ip6(match.group()):
            yield Hit("ip", match.start(), match.end())


def _is_ip6(found: str) -> bool:
    left, gap, right = found.partition("::")
    if "::" in right or (not gap and found.endswith(":")) or left.startswith(":") or right.endswith(":"):
        return False
    groups = [group for group in f"{left}:{right}".split(":") if group]
    if groups and "." in groups[-1]:
        if any(int(part) > 255 for part in groups[-1].split(".")):
            return False
        groups[-1:] = ["0", "7f00"]
    if len(groups) > 7 if gap else len(groups) != 8:
        return False
    if not gap and all(len(group) == 2 for group in groups):
        return False
    is_known_range = re.match(
        r"(?:[23][0-9a-f]{3}|f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]|ff[0-9a-f]{2}|64:ff9b):", found.lower()
    )
    has_digit = any(sign.isdecimal() for sign in found)
    return has_digit and (bool(is_known_range) or len(groups) >= 3) and int("".join(groups) or "0", 16) > 1


def mac_addresses(text: str, start: int, end: int, field: str = "") -> Iterator[Hit]:
    """Hardware addresses in three spellings; all zeros and broadcast are nobody's."""
    for match in _MAC.finditer(text, start, end):
        signs = re.sub(r"[:\-.]", "", match.group()).lower()
        if len(set(signs)) == 1:
            continue
        is_plain = signs.isdecimal()
        if match["gap"] == ":" and (not is_plain or any(pair > "59" for pair in match.group().split(":"))):
            yield Hit("mac", match.start(), match.end())
            continue
        label = label_before(text, match.start(), field)
        if label == NETWORK or (not is_plain and label != PRODUCT and any(map(str.isdecimal, signs))):
            yield Hit("mac", match.start(), match.end())
