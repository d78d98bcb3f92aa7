"""Conditions on fields, written as a person says them: ``rating >= 4 and not (brand is empty or title ~ "refurb")``.

A condition is compiled once and then asked of any mapping. Names and texts compare without regard to case; a list
fulfils a condition on texts where one of its items does; how texts are read as numbers tells ``field_values``. A
missing field fulfils nothing but ``is empty``, ``is null`` and what is negated.

The marketplace of the scraping service has a filter language of its own (``sources/conditions.py``): one condition
for one argument, its value being all that follows. Its words (``includes``, ``is null``, ``==``) are understood
here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.field_paths import FieldPath, parse, value_at
from webtune_tui.domain.field_values import is_empty, number_of, truth_of
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.domain.value_tests import (
    Test,
    contains,
    edge_test,
    equals,
    has_item,
    is_null,
    negated,
    ordered,
)

EXAMPLES = (
    'rating >= 4, brand is not empty, title contains "steel", price between 10 and 50, categories has "Kitchen", '
    "in_stock is true, date > 2024-01-31; joined by and, or, not and parentheses"
)

_LONGEST = 10_000
_DEEPEST = 40
_TOKEN = re.compile(
    r"\s*+(?:(?P<quoted>\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+')|(?P<sign><=|>=|!=|==|<>|!~|[=<>~])"
    r"|(?P<mark>[(),])|(?P<word>[^\s\"'()<>=!~,\[\]]++(?:\[\d*\][^\s\"'()<>=!~,\[\]]*+)*+))",
    re.DOTALL,
)
_SPACE = re.compile(r"\s*+")
_SEPARATORS = re.compile(r"[\s_.\-]+")
_QUOTES = str.maketrans("“”„‘’", '"""\'\'')
_PLAIN_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:T\S*)?")
_JOINING = ("and", "or")
_ENDINGS = (*_JOINING, ")", "")
_CONTAINS = ("contains", "includes", "include", "contain")
_IS_WORDS = ("empty", "null", "missing", "true", "false")
_ESCAPED = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,5})\}|(.))", re.DOTALL)
_TO_ESCAPE = re.compile(r'[\\"“”„]')

Fields = Mapping[str, Any]


class Condition:
    """A compiled condition. ``text`` is what was written, ``fields`` are the names it asks, each once.

    ``root`` is what it consists of, for those who ask a database instead of a mapping.
    """

    __slots__ = ("fields", "root", "text")

    def __init__(self, text: str, root: Node, fields: tuple[str, ...]) -> None:
        self.text = text
        self.fields = fields
        self.root = root

    def matches(self, fields: Fields) -> bool:
        """Whether the mapping fulfils the condition."""
        return self.root.matches(fields)

    @property
    def parts(self) -> list[str]:
        """What must all hold, each as it was written; of one that says or, the whole in parentheses."""
        return list(_all_of(self.root))

    def failing(self, fields: Fields) -> str:
        """The first part that the mapping does not fulfil, as it was written; empty where it fulfils all."""
        return "" if self.root.matches(fields) else self.root.failing(fields)

    def unknown_in(self, fields: Fields) -> list[str]:
        """The names that the mapping does not have at all."""
        return [name for name in self.fields if not has_field(fields, name)]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A test of one field. ``needle`` is a text that a value must hold to pass, in any case; empty where none must."""

    text: str
    path: FieldPath
    test: Test
    needle: str = ""

    def matches(self, fields: Fields) -> bool:
        """Whether the mapping fulfils it."""
        name = str(self.path[0])
        if len(self.path) == 1 and name in fields:
            return self.test(fields[name])
        return self.test(_found(fields, self.path))

    def failing(self, fields: Fields) -> str:
        """The first part that the mapping does not fulfil, as it was written."""
        return self.text


@dataclass(frozen=True, slots=True)
class Not:
    """What a field must not fulfil."""

    text: str
    inner: Node

    def matches(self, fields: Fields) -> bool:
        """Whether the mapping fulfils it."""
        return not self.inner.matches(fields)

    def failing(self, fields: Fields) -> str:
        """The first part that the mapping does not fulfil, as it was written."""
        return self.text


@dataclass(frozen=True, slots=True)
class Joined:
    """Several conditions of which all must hold, or one."""

    text: str
    parts: tuple[Node, ...]
    needs_all: bool

    def matches(self, fields: Fields) -> bool:
        """Whether the mapping fulfils it."""
        for part in self.parts:
            if part.matches(fields) is not self.needs_all:
                return not self.needs_all
        return self.needs_all

    def failing(self, fields: Fields) -> str:
        """The first part that the mapping does not fulfil, as it was written."""
        if not self.needs_all:
            return self.text
        return next(part.failing(fields) for part in self.parts if not part.matches(fields))


Node = Leaf | Not | Joined


def _all_of(node: Node) -> Iterator[str]:
    if not isinstance(node, Joined):
        yield node.text
    elif node.needs_all:
        for part in node.parts:
            yield from _all_of(part)
    else:
        yield f"({node.text})"


@lru_cache(maxsize=256)
def compiled(text: str) -> Condition:
    """The condition that a text says.

    Raises:
        UsageError: it says none; the message names the place and what was expected there.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"A condition of {len(text)} characters is too long", hint=f"At most {_LONGEST} are read.")
    return _Parser(text).condition()


def normal_form(text: str) -> tuple[str, ...]:
    """The words of a condition, the same for conditions that differ in spaces, case and quotes alone."""
    folded = (_unquoted(one.text) if one.kind == "quoted" else one.text for one in _Parser(text).tokens)
    return tuple("=" if one == "==" else one.casefold() for one in folded if one)


def has_field(fields: Fields, name: str) -> bool:
    """Whether a mapping has the field, filled or not."""
    path = parse(name)
    if name in fields or _actual_name(tuple(fields), str(path[0])) is not None:
        return len(path) == 1 or name in fields or _found(fields, path) is not None
    return _found(fields, path) is not None


def _found(fields: Fields, path: FieldPath) -> Any:
    found = value_at(fields, path)
    if found is not None:
        return found
    actual = _actual_name(tuple(fields), str(path[0]))
    return None if actual is None else value_at(fields, (actual, *path[1:]))


@lru_cache(maxsize=4096)
def _actual_name(names: tuple[str, ...], wanted: str) -> str | None:
    """The name among those of a mapping that is this one but for case and separators."""
    folded = _folded(wanted)
    return next((name for name in names if _folded(str(name)) == folded), None)


def _folded(name: str) -> str:
    return _SEPARATORS.sub("_", name.strip().casefold())


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The token as a word of the language; quoted texts are none."""
        return self.text.casefold() if self.kind in ("word", "sign", "mark") else ""


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self.tokens = self._split(text.translate(_QUOTES))
        self._at = 0
        self._depth = 0
        self._fields: dict[str, None] = {}
        self._needle = ""

    def condition(self) -> Condition:
        root = self._any()
        if self._next.kind != "end":
            self._expected("'and', 'or' or the end")
        return Condition(self._text.strip(), root, tuple(self._fields))

    def _split(self, text: str) -> list[_Token]:
        tokens = []
        at = 0
        while match := _TOKEN.match(text, at):
            kind = match.lastgroup or ""
            # what stands within quotes stays as it was written, typographic apostrophes too
            read = self._text if kind == "quoted" else text
            tokens.append(_Token(kind, read[match.start(kind) : match.end(kind)], match.start(kind), match.end()))
            at = match.end()
        rest = _SPACE.match(text, at)
        at = rest.end() if rest else at
        if at < len(text):
            what = "the closing quote" if text[at] in "\"'" else "a name, a value or a comparison"
            self._fail(at, what, text[at : at + 20])
        return [*tokens, _Token("end", "", len(text), len(text))]

    @property
    def _next(self) -> _Token:
        return self.tokens[self._at]

    def _take(self, *words: str) -> bool:
        """Goes on behind the next token where it is one of these words."""
        if self._next.word in words:
            self._at += 1
            return True
        return False

    def _written(self, start: int) -> str:
        """What was written from a token on up to the last one that was read."""
        return self._text[self.tokens[start].start : self.tokens[max(self._at - 1, start)].end]

    def _any(self) -> Node:
        return self._joined(self._all, "or")

    def _all(self) -> Node:
        return self._joined(self._one, "and")

    def _joined(self, part: Callable[[], Node], word: str) -> Node:
        start = self._at
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(self._written(start), tuple(parts), word == "and")

    def _one(self) -> Node:
        start = self._at
        self._depth += 1
        if self._depth > _DEEPEST:
            self._expected(f"at most {_DEEPEST} conditions within one another")
        if self._take("not"):
            inner = self._one()
            node: Node = Not(self._written(start), inner)
        elif self._take("("):
            node = self._any()
            if not self._take(")"):
                self._expected("')'")
        else:
            node = self._leaf()
        self._depth -= 1
        return node

    def _leaf(self) -> Node:
        start = self._at
        token = self._next
        if token.kind not in ("word", "quoted") or token.word in (*_JOINING, "not"):
            self._expected("a field name")
        self._at += 1
        name = _unquoted(token.text) if token.kind == "quoted" else token.text
        if token.kind == "word" and self._next.word in _ENDINGS and ":" in name:
            return self._shorthand(start, *name.split(":", 1))
        path: FieldPath = (name,) if token.kind == "quoted" else parse(name)
        self._fields[name] = None
        self._needle = ""
        test = self._test()
        return Leaf(self._written(start), path, test, self._needle)

    def _shorthand(self, start: int, name: str, item: str) -> Node:
        """``flag:edited`` says the same as ``flag has edited``."""
        if not name or not item:
            self._at -= 1
            self._expected("a field name and a value, such as flag:edited")
        self._fields[name] = None
        return Leaf(self._written(start), parse(name), has_item(item), item)

    def _test(self) -> Test:
        if self._take("is"):
            return self._is()
        is_negated = self._take("not")
        test = self._comparison()
        if is_negated:
            self._needle = ""
        return negated(test) if is_negated else test

    def _is(self) -> Test:
        is_negated = self._take("not")
        token = self._next
        if token.word not in _IS_WORDS:
            self._expected(f"'not' or one of {', '.join(_IS_WORDS)}")
        self._at += 1
        if token.word in ("true", "false"):
            wanted = token.word == "true"
            test: Test = lambda value: truth_of(value) is wanted  # noqa: E731
        else:
            test = is_null if token.word in ("null", "missing") else is_empty
        return negated(test) if is_negated else test

    def _comparison(self) -> Test:
        token = self._next
        sign = token.word
        if sign in ("starts", "ends"):
            self._at += 1
            if not self._take("with"):
                self._expected("'with'")
            return edge_test(self._wanted_text(), is_start=sign == "starts")
        if sign in ("=", "==", "!=", "<>"):
            self._at += 1
            test = equals(self._value())
            return negated(test) if sign in ("!=", "<>") else test
        if sign in ("<", "<=", ">", ">="):
            self._at += 1
            return ordered(sign, self._measure())
        if sign in ("~", "!~", *_CONTAINS):
            self._at += 1
            if sign == "!~":
                return negated(contains(self._plain_text()))
            return contains(self._wanted_text())
        if self._take("between"):
            return self._between()
        if self._take("has", "have"):
            return has_item(self._wanted_text())
        if self._take("in"):
            return self._among()
        return self._expected("a comparison such as >=, =, contains, has, between, in, is not empty")

    def _between(self) -> Test:
        low = self._measure()
        if not self._take("and"):
            self._expected("'and'")
        high = self._measure()
        if isinstance(low, str) is not isinstance(high, str):
            self._expected("two numbers or two dates")
        at_least, at_most = ordered(">=", low), ordered("<=", high)
        return lambda value: at_least(value) and at_most(value)

    def _among(self) -> Test:
        if not self._take("("):
            self._expected("'(' and values parted by commas")
        tests = [equals(self._value())]
        while self._take(","):
            tests.append(equals(self._value()))
        if not self._take(")"):
            self._expected("',' or ')'")
        return lambda value: any(test(value) for test in tests)

    def _value(self) -> Any:
        """A number, a truth value or a text."""
        token = self._next
        if token.kind not in ("word", "quoted") or token.word in _JOINING:
            self._expected("a value")
        self._at += 1
        if token.kind == "quoted":
            return _unquoted(token.text)
        if token.word in ("true", "false"):
            return token.word == "true"
        return float(token.text) if _PLAIN_NUMBER.fullmatch(token.text) else token.text

    def _wanted_text(self) -> str:
        """A text that a value must hold."""
        self._needle = self._plain_text()
        return self._needle

    def _plain_text(self) -> str:
        token = self._next
        value = self._value()
        return value if isinstance(value, str) else token.text

    def _measure(self) -> float | str:
        """A number, or a date as text."""
        value = self._value()
        if isinstance(value, float):
            return value
        if isinstance(value, str):
            if _DATE.fullmatch(value):
                return value[:10]
            if (number := number_of(value)) is not None and value[:1] in "$€£¥-+.0123456789":
                return number
        self._at -= 1
        return self._expected("a number or a date such as 2024-01-31")

    def _expected(self, what: str) -> NoReturn:
        token = self._next
        self._fail(token.start, what, token.text)

    def _fail(self, at: int, what: str, found: str) -> NoReturn:
        seen = f"found {found[:40]!r}" if found else "found the end"
        raise UsageError(
            f"The condition {self._text[:200]!r} can't be read at character {at + 1}: expected {what}, {seen}",
            hint=f"For example: {EXAMPLES}",
        )


def quoted(text: str) -> str:
    """A text as a condition writes it: whatever it holds, it is read as the same text, and all of it can be seen."""
    escaped = _TO_ESCAPE.sub(lambda match: f"\\{match[0]}", text)
    if display_line(escaped) == escaped:
        return f'"{escaped}"'
    seen = (one if display_line(one) == one else f"\\u{{{ord(one):x}}}" for one in escaped)
    return f'"{"".join(seen)}"'


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text[1:-1])
