"""Telephone numbers. Shapes that only telephones have stand for themselves; plain digit runs need a word before them
that says so. What a label calls a model, an order or a price is none, whatever its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webtune_tui.pipeline.private_data.checks import gtin
from webtune_tui.pipeline.private_data.hits import Hit
from webtune_tui.pipeline.private_data.labels import PHONE, PRODUCT, REACH, label_before, label_counts
from webtune_tui.pipeline.private_data.phone_codes import calling_code, digits_after

_LEFT = r"(?:(?<=wa\.me/)|(?<![A-Za-z0-9+#$€£¥%&_])(?<![0-9][.,:/\-])(?<![A-Za-z0-9][\-/_]))"
_END = r"(?![A-Za-wyz0-9_%@])(?!x(?![0-9]))(?!-[A-Za-z0-9])(?![.,:]?[0-9])(?!/[1-9])(?![ ]?[€%°])(?![ ]?[$£¥](?![0-9]))"
_RIGHT = re.compile(_END)

_SHAPES = re.compile(
    _LEFT
    + r"""(?:
    (?P<plus>\(?\+\(?[1-9](?:[ ./()\-]{0,3}[0-9]){6,16})
    |(?P<zeros>(?<![0-9][ ])\(?00\)?[ ./\-]?[1-9](?:[ ./()\-]{0,3}[0-9]){6,16})
    |(?:(?P<us>(?:1[ .\-]?)?\([0-9]{3}\)[ .\-]{0,2}[0-9]{3}[ .\-]?[0-9]{4}
        |(?:1[.\-])?[0-9]{3}-[0-9]{3}-[0-9]{4}
        |(?:1\.)?[2-9][0-9]{2}\.[2-9][0-9]{2}\.[0-9]{4}
        |1[ \-]8(?:00|33|44|55|66|77|88)[ \-][0-9]{3}[ \-][0-9]{4})
    |(?P<br>\(0?[1-9][1-9]\)[ ]?(?:9[ .]?)?[0-9]{4}[ .\-]?[0-9]{4}
        |[1-9][1-9][ ](?:9[ ]?[0-9]{4}|[2-5][0-9]{3})-[0-9]{4})
    |(?P<pairs>0[1-9](?P<gap>[ .\-])[0-9]{2}(?:(?P=gap)[0-9]{2}){3})
    |(?P<jp>0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}|\(0[0-9]{1,4}\)[ ]?[0-9]{1,4}-[0-9]{4}
        |0[0-9]{1,4}\([0-9]{1,4}\)[0-9]{4})
    |(?P<es>[6-9][0-9]{2}(?:[ ][0-9]{2}){3}|[89][1-8][ ][0-9]{3}[ ][0-9]{2}[ ][0-9]{2})
    |(?P<trunk>\(?0\)?[1-9][0-9]{0,4}\)?(?:[ ]?[/\-][ ]?|[ .])[0-9]{2,8}(?:[ \-.][0-9]{2,6}){0,3})
    )"""
    + _END
    + r"""
    |(?P<bare>\(?[0-9](?:[ ./()\-]{0,3}[0-9]){5,14})
    )""",
    re.VERBOSE,
)
_DATE = re.compile(
    r"(?:[0-3]?[0-9][ ./\-][0-3]?[0-9][ ./\-](?:19|20)[0-9]{2}"
    r"|(?:19|20)[0-9]{2}[ ./\-][01]?[0-9][ ./\-][0-3]?[0-9]"
    r"|(?:19|20)[0-9]{2}[01][0-9][0-3][0-9])(?![0-9])"
)
_YEARS = re.compile(r"(?:19|20)[0-9]{2}[ \-/](?:19|20)[0-9]{2}$")
_SIGNED_DECIMAL = re.compile(r"\(?\+[0-9]{1,3}\.[0-9]{3,8}(?![0-9])(?!\.[0-9])")
_NUMBER_BEFORE = re.compile(r"[0-9]{5}")
_SOLID = re.compile(r"[0-9]{9,13}(?![0-9])")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_SPACED = re.compile(r"[0-9 ]+")
_PHONE_BEFORE = re.compile(r"(?:[0-9]{6}|[0-9]{3}[ \-][0-9]{4}) $")
_NUMBER_AFTER = re.compile(r" [0-9]{3,6}(?![0-9年]|[.,:][0-9])")
_LONG_GROUP = re.compile(r"[0-9]{6}")
_GROUP = re.compile(r"[0-9]+")
_LAST_GROUP = 6  # nobody goes on after a group so long
_WIDEST_SERIES = 40
_AREAS_BR = frozenset(
    str(area)
    for area in range(11, 100)
    if area % 10 and area not in (23, 25, 26, 29, 36, 39, 52, 56, 57, 58, 59, 72, 76, 78)
)


def phones(text: str, start: int, end: int, field: str = "") -> Iterator[Hit]:
    """The telephone numbers between two places of a folded text."""
    place = start
    while (match := _SHAPES.search(text, place, end)) is not None:
        stop = _end_of(text, match, field)
        if stop:
            first = match.start()
            if text[first] == "(" and text.count("(", first, stop) > text.count(
                ")", first, stop
            ):  # the bracket of a remark
                first += 1
            yield Hit("phone", first, stop)
        place = stop or _after_first_group(text, match)


def _after_first_group(text: str, match: re.Match[str]) -> int:
    """Where to look on after a run that is no telephone: it may hide one in its later groups."""
    place = match.start() + 1
    if text[place - 1] == "(":
        return place
    while place < match.end() and (text[place].isdecimal() or text[place] == "+"):
        place += 1
    return place


def _end_of(text: str, match: re.Match[str], field: str) -> int:
    """Where the number ends, or 0 where the match is none."""
    shape = _shape(match)
    end = match.end()
    if shape in ("plus", "zeros"):
        end = _international_end(text, match)
        is_plain = shape == "zeros" and (match.group().isdecimal() or _stands_in_a_table(text, match.start(), end))
        return 0 if is_plain and _label(text, match, field) != PHONE else end
    if _DATE.match(text, match.start()) or _YEARS.search(text, match.start(), end):
        return 0
    label = _label(text, match, field)
    if label == PRODUCT:
        return 0
    if label == PHONE and label_counts(text, match.start(), PHONE) and not _DECIMAL.fullmatch(match.group()):
        return _labelled_end(text, match)
    if shape == "bare":
        return 0
    if shape == "trunk":
        end = _cut(text, match.start(), end, 9, 12)
        if end and _stands_in_a_table(text, match.start(), end):
            return 0
    found = text[match.start() : end]
    return end if end and _stands_alone(shape, found, _digits(found)) else 0


def _stands_in_a_table(text: str, start: int, end: int) -> bool:
    """Whether other numbers stand beside one that only spaces group: figures in rows."""
    if _SPACED.fullmatch(text, start, end) is None:
        return False
    is_after_number = start > 1 and text[start - 1] == " " and text[start - 2].isdecimal()
    return (is_after_number and _PHONE_BEFORE.search(text, max(0, start - 14), start) is None) or (
        _NUMBER_AFTER.match(text, end) is not None and _LONG_GROUP.search(text, start, end) is None
    )


def _shape(match: re.Match[str]) -> str:
    return next(name for name in _ORDER if match[name] is not None)


_ORDER = ("plus", "zeros", "us", "br", "pairs", "jp", "es", "trunk", "bare")


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


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
    solid = _SOLID.match(text, match.start())
    if solid and _ends_well(text, solid.end()):
        is_second = _NUMBER_BEFORE.search(text, max(0, match.start() - REACH), match.start()) is not None
        return 0 if is_second and gtin(solid.group()) else solid.end()
    return _cut(text, match.start(), match.end(), 7, 11 if text[match.start()] != "0" else 13)


def _international_end(text: str, match: re.Match[str]) -> int:
    found = match.group()
    digits = _digits(found)
    significant = digits[2:] if match["zeros"] else digits
    code = calling_code(significant)
    if not code or len(set(significant)) < 3:
        return 0
    if match["zeros"] and not found.lstrip("(0) ./-").startswith(code):  # the code is written in one piece
        return 0
    fewest, most = digits_after(code)
    lead = len(code) + (2 if match["zeros"] else 0) + (1 if "(0)" in found else 0)
    if _SIGNED_DECIMAL.match(found):
        return 0
    return _cut(text, match.start(), match.end(), lead + fewest, lead + most)


def _cut(text: str, start: int, end: int, fewest: int, most: int) -> int:
    """The last place up to ``end`` where a group ends, the digits are in bounds and nothing goes on; 0: nowhere."""
    best = count = 0
    for group in _GROUP.finditer(text, start, end):
        stop = group.end()
        size = stop - group.start()
        count += size
        is_closed = text.count("(", start, stop) <= text.count(")", start, stop + 1)
        is_count = size == 1 and text[stop - 2] == " "  # pieces or a page after the number
        if count > most or (best and is_count):
            break
        if count >= fewest and is_closed and _ends_well(text, stop):
            best = stop
            if size >= _LAST_GROUP:
                break
    return best


def _ends_well(text: str, end: int) -> bool:
    return _RIGHT.match(text, end) is not None
