"""Telephone numbers. Shapes that only telephones have stand for themselves; plain digit runs need a word before them
that says so. What a label calls a model, an order or a price is none, whatever its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webtune_tui.pipeline.private_data.checks import gtin
from webtune_tui.pipeline.private_data.hits import Hit
from webtune_tui.pipeline.private_data.labels import PRODUCT, label_before
from webtune_tui.pipeline.private_data.phone_codes import calling_code, digits_after

_LEFT = r"(?:(?<=wa\.me/)|(?<![A-Za-z0-9+#$€£¥%&_])(?<![0-9][.,:/\-])(?<![A-Za-z0-9][\-/_]))"
_RIGHT = re.compile(r"(?![A-Za-wyz0-9_%@])(?!x(?![0-9]))(?!-[A-Za-z0-9])(?![.,:]?[0-9])(?!/[1-9])(?! ?[€$£¥%°])")

_SHAPES = re.compile(
    _LEFT
    + r"""(?:
    (?P<plus>\(?\+\(?[1-9](?:[ ./()\-]{0,3}[0-9]){6,16})
    |(?P<zeros>(?<![0-9][ ])\(?00\)?[ ./\-]?[1-9](?:[ ./()\-]{0,3}[0-9]){6,16})
    |(?P<us>(?:1[ .\-]?)?\([0-9]{3}\)[ .\-]{0,2}[0-9]{3}[ .\-]?[0-9]{4}
        |(?:1[.\-])?[0-9]{3}-[0-9]{3}-[0-9]{4}
        |(?:1\.)?[2-9][0-9]{2}\.[2-9][0-9]{2}\.[0-9]{4}
        |1[ \-]8(?:00|33|44|55|66|77|88)[ \-][0-9]{3}[ \-][0-9]{4})
    |(?P<br>\(0?[1-9][1-9]\)[ ]?(?:9[ .]?)?[0-9]{4}[ .\-]?[0-9]{4}
        |[1-9][1-9][ ](?:9[ ]?[0-9]{4}|[2-5][0-9]{3})-[0-9]{4})
    |(?P<pairs>0[1-9](?P<gap>[ .\-])[0-9]{2}(?:(?P=gap)[0-9]{2}){3})
    |(?P<jp>0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}|\(0[0-9]{1,4}\)[ ]?[0-9]{1,4}-[0-9]{4}
        |0[0-9]{1,4}\([0-9]{1,4}\)[0-9]{4})
    |(?P<es>[6-9][0-9]{2}(?:[ ][0-9]{2}){3}|[89][1-8][ ][0-9]{3}[ ][0-9]{2}[ ][0-9]{2})
    |(?P<trunk>\(?0\)?[1-9][0-9]{0,4}\)?(?:[ ]?[/\-.][ ]?|[ ])[0-9]{2,8}(?:[ \-.][0-9]{2,6}){0,3})
    |(?P<bare>\(?[0-9](?:[ ./()\-]{0,2}[0-9]){5,14})
    )""",
    re.VERBOSE,
)
_DATE = re.compile(
    r"(?:[0-3]?[0-9][ ./\-][01]?[0-9][ ./\-](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[ ./\-][01]?[0-9][ ./\-][0-3]?[0-9])(?![0-9])"
)
_YEARS = re.compile(r"(?:19|20)[0-9]{2}[ \-/](?:19|20)[0-9]{2}$")
_WIDEST_SERIES = 40
_AREAS_BR = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "16",
        "17",
        "18",
        "19",
        "21",
        "22",
        "24",
        "27",
        "28",
        "31",
        "32",
        "33",
        "34",
        "35",
        "37",
        "38",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "47",
        "48",
        "49",
        "51",
        "53",
        "54",
        "55",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "67",
        "68",
        "69",
        "71",
        "73",
        "74",
        "75",
        "77",
        "79",
        "81",
        "82",
        "83",
        "84",
        "85",
        "86",
        "87",
        "88",
        "89",
        "91",
        "92",
        "93",
        "94",
        "95",
        "96",
        "97",
        "98",
        "99",
    ]
)


def phones(text: str, start: int, end: int, field: str = "") -> Iterator[Hit]:
    """The telephone numbers between two places of a folded text."""
    place = start
    while (match := _SHAPES.search(text, place, end)) is not None:
        stop = _end_of(text, match, field)
        if stop:
            first = match.start()
            if text[first] == "(" and ")" not in text[first:stop]:  # the bracket of a remark
                first += 1
            yield Hit("phone", first, stop)
        place = stop or _after_first_group(text, match)


def _after_first_group(text: str, match: re.Match[str]) -> int:
    """Where to look on after a run that is no telephone: it may hide one in its later groups."""
    place = match.start() + 1
    while place < match.end() and (text[place].isdecimal() or text[place] == "+"):
        place += 1
    return place


def _end_of(text: str, match: re.Match[str], field: str) -> int:
    """Where the number ends, or 0 where the match is none."""
    shape = _shape(match)
    end = match.end()
    digits = _digits(match.group())
    if shape in ("plus", "zeros"):
        end = _international_end(text, match)
        return end if end and (shape == "plus" or _label(text, match, field) == "phone" or not _is_solid(match)) else 0
    if shape != "bare" and _RIGHT.match(text, end) is None:
        shape = "bare"
    if _DATE.match(text, match.start()) or _YEARS.search(text, match.start(), end):
        return 0
    label = _label(text, match, field)
    if label == PRODUCT:
        return 0
    if label == "phone":
        return _labelled_end(text, match)
    if shape == "bare" or label not in ("", "network", "version", "card"):
        return 0
    return end if _stands_alone(shape, match.group(), digits) else 0


def _shape(match: re.Match[str]) -> str:
    return next(name for name in _ORDER if match[name] is not None)


_ORDER = ("plus", "zeros", "us", "br", "pairs", "jp", "es", "trunk", "bare")


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _is_solid(match: re.Match[str]) -> bool:
    return match.group().isdecimal()


def _label(text: str, match: re.Match[str], field: str) -> str:
    return label_before(text, match.start(), field)


def _stands_alone(shape: str, found: str, digits: str) -> bool:
    """Whether a shape is a telephone's without a word before it."""
    if len(set(digits)) < 3:
        return False
    groups = re.split(r"[^0-9]+", found.strip("()"))
    if shape == "us":
        return True
    if shape == "br":
        return digits.lstrip("0")[:2] in _AREAS_BR
    if shape == "jp":
        return len(digits) in (10, 11)
    if shape in ("pairs", "es"):
        return not _ascends(groups)
    return shape == "trunk" and _is_trunk_number(found, groups, digits)


def _ascends(groups: list[str]) -> bool:
    """Sizes and series: 02 04 06 08 10."""
    values = [int(group) for group in groups if group]
    return values == sorted(set(values)) and values[-1] - values[0] <= _WIDEST_SERIES


def _is_trunk_number(found: str, groups: list[str], digits: str) -> bool:
    """Area code with its leading 0 and a number within the area, as written in Europe, Asia and Australia."""
    if not 9 <= len(digits) <= 12 or groups[1][0] == "0":
        return False
    lengths = [len(group) for group in groups]
    if set(lengths) == {2} and _ascends(groups):
        return False
    if lengths == [5, 4] and "-" in found:  # a US postal code
        return False
    if "." in found and (len(groups) == 2 or (len(groups) == 4 and max(lengths) <= 3)):
        return False
    is_month_and_year = lengths[0] == 2 and int(groups[0]) <= 12 and groups[1][:2] in ("19", "20") and lengths[1] == 4
    return not is_month_and_year


def _labelled_end(text: str, match: re.Match[str]) -> int:
    """The end of a number that a word calls a telephone: the longest run of whole groups with 7 to 13 digits."""
    return _cut(text, match.start(), match.end(), 7, 11 if text[match.start()] != "0" else 13)


def _international_end(text: str, match: re.Match[str]) -> int:
    found = match.group()
    digits = _digits(found)
    significant = digits[2:] if match["zeros"] else digits
    code = calling_code(significant)
    if not code or len(set(significant)) < 3:
        return 0
    fewest, most = digits_after(code)
    lead = len(code) + (2 if match["zeros"] else 0) + (1 if "(0)" in found else 0)
    whole, _, decimals = found.lstrip("(+").partition(".")
    if decimals.isdecimal() and whole.isdecimal() and len(decimals) < 9:  # a signed decimal number
        return 0
    return _cut(text, match.start(), match.end(), lead + fewest, lead + most)


def _cut(text: str, start: int, end: int, fewest: int, most: int) -> int:
    """The last place up to ``end`` where a group ends, the digits are in bounds and nothing goes on; 0: nowhere."""
    best = count = 0
    for place in range(start, end):
        if not text[place].isdecimal():
            continue
        count += 1
        if count > most:
            break
        is_group_end = place + 1 == len(text) or not text[place + 1].isdecimal()
        is_lone = text[place - 1] == " "  # a count or a page after the number
        if count >= fewest and is_group_end and not (best and is_lone) and _ends_well(text, place + 1):
            best = place + 1
    if best and gtin(_digits(text[start:best])) and text[start:best].isdecimal() and best - start == 13:
        return 0
    return best


def _ends_well(text: str, end: int) -> bool:
    return _RIGHT.match(text, end) is not None
