"""robots.txt as RFC 9309 has it: which group of rules is ours, and whether a path may be fetched.

The matching is linear: no pattern that a server sends can make it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

LARGEST = 500 * 1024  # bytes of the file that are read; what lies behind is left out, as the RFC allows
_MOST_RULES = 10_000
_LONGEST_LINE = 4096
_TOKEN = re.compile(r"[A-Za-z_-]+")
_UNRESERVED = "!$&'()*+,/:;=?@~"


@dataclass(frozen=True, slots=True)
class Rule:
    """One Allow or Disallow line, its pattern normalised; a longer pattern goes before a shorter one."""

    pattern: str
    allows: bool

    def fits(self, path: str) -> bool:
        """Whether the pattern fits the beginning of a path; ``*`` stands for anything, ``$`` for the end."""
        return _fits(self.pattern, path)


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """The rules of one host for us. ``delay`` is the wanted pause between requests in seconds."""

    rules: tuple[Rule, ...] = ()
    delay: float | None = None

    def allows(self, target: str) -> bool:
        """Whether a path with its query may be fetched: the longest fitting rule decides, allow in a tie."""
        path = _normal(target)
        if path == "/robots.txt":
            return True
        best: Rule | None = None
        for rule in self.rules:
            if best is not None and (len(rule.pattern), rule.allows) <= (len(best.pattern), best.allows):
                continue
            if rule.fits(path):
                best = rule
        return best is None or best.allows


EVERYTHING = RobotsRules()
NOTHING = RobotsRules((Rule("/", allows=False),))


def product_token(user_agent: str) -> str:
    """The name in a User-Agent header by which robots.txt speaks to a program."""
    match = _TOKEN.match(user_agent)
    return match.group().lower() if match else ""


def parse(body: bytes, token: str) -> RobotsRules:
    """The rules in a robots.txt for a program; those for everybody where none are for it."""
    ours, everybodys = _Group(), _Group()
    current: list[_Group] = []
    in_names = False
    for name, value in _lines(body[:LARGEST]):
        if name == "user-agent":
            if not in_names:
                current, in_names = [], True
            match = _TOKEN.match(value)
            if value.startswith("*"):
                current.append(everybodys)
            elif match and match.group().lower() == token:
                current.append(ours)
        elif name in ("allow", "disallow", "crawl-delay"):
            in_names = False
            for group in current:
                group.add(name, value)
    chosen = ours if ours.is_named else everybodys
    return RobotsRules(tuple(chosen.rules), chosen.delay)


class _Group:
    """Rules while they are read; groups for the same name are one."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.delay: float | None = None
        self.is_named = False

    def add(self, name: str, value: str) -> None:
        self.is_named = True
        if name == "crawl-delay":
            if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value):
                self.delay = max(self.delay or 0.0, float(value))
        elif value and len(self.rules) < _MOST_RULES:
            self.rules.append(Rule(_normal(value), allows=name == "allow"))


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    for line in re.split(r"\r\n|\r|\n", text):
        name, mark, value = line[:_LONGEST_LINE].partition("#")[0].partition(":")
        if mark:
            yield name.strip().lower(), value.strip()


def _normal(target: str) -> str:
    """A path or pattern in one spelling, so that ``%7E`` and ``~`` are the same and ``%2F`` stays apart from ``/``."""
    parts = re.split(r"(%2[fF]|%3[fF]|%2[aA]|%24)", target)
    return "".join(
        part.upper() if number % 2 else quote(unquote_to_bytes(part), safe=_UNRESERVED)
        for number, part in enumerate(parts)
    )


def _fits(pattern: str, path: str) -> bool:
    is_whole = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not rest:
        return at == len(path) or not is_whole
    for piece in rest[:-1]:  # the earliest place is always good enough
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    last = rest[-1]
    if is_whole:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0
