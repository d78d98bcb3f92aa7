"""What counts as a mention of a person, and what does not."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.mentions import ERASED, Person

NAME, EMAIL, PROFILE = "Anna Muster", "anna.muster@example.com", "https://www.linkedin.com/in/anna-muster/"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (NAME, "Hello anna  muster!"),
        (NAME, "ANNA\nMUSTER's book"),
        (NAME, json.dumps({"a": "first\nAnna\nMuster"})),
        (NAME, json.dumps(json.dumps({"é": "\nAnna Muster"}))),
        (NAME, "Anna%20Muster"),
        (NAME, '<i>Anna</i> <b class="x">Muster</b>'),
        (NAME, "_Anna_ **Muster**"),
        (NAME, "Anna&nbsp;Muster"),
        (EMAIL, "mailto:Anna.Muster@Example.com."),
        (EMAIL, "<a href='mailto:&#97;nna.muster&#64;example.com'>"),
        (EMAIL, "?to=anna.muster%40example.com&x=1"),
        (PROFILE, "see http://de.linkedin.com/in/Anna-Muster?trk=x"),
        (PROFILE, r"https:\/\/linkedin.com\/in\/anna-muster"),
        ("+49 170 1234567", "call 0049 (170) 123-4567 now"),
        ("+49 170 1234567", '{"phone": 491701234567}'),
        ("+49 170 1234567", json.dumps("49\u00a0170\u00a01234567")),
        ("José Álvarez", json.dumps("José Álvarez")),
        ("José Álvarez", "Jose\u0301 A\u0301lvarez"),
        ("José Álvarez", "JOSÉ ÁLVAREZ"),
        ("Otto Weiß", "OTTO WEISS"),
        ("Otto Weiss", "otto weiß"),
        ("李小龙", "我是李小龙的朋友"),
        ("李小龙", json.dumps("我是李小龙的朋友")),
        ("김철수", "김철수는"),
        ("Анна Иванова", "анна иванова,"),
    ],
)
def test_a_mention_is_found_and_taken_out(form: str, text: str) -> None:
    person = Person((form,))
    assert person.is_in(text)
    left = person.without(text)
    assert ERASED in left and not person.is_in(left)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (NAME, "Hanna Muster"),
        (NAME, "Anna Musterfrau"),
        (NAME, "Anna, Muster"),
        (EMAIL, "joanna.muster@example.com"),
        (EMAIL, "x.anna.muster@example.com"),
        (EMAIL, "anna.muster@example.com.br"),
        (PROFILE, "linkedin.com/in/anna-muster-2"),
        ("+49 170 1234567", "1491701234567"),
        ("a.cde", "abcde"),
    ],
)
def test_somebody_else_is_left_alone(form: str, text: str) -> None:
    assert not Person((form,)).is_in(text)
    assert Person((form,)).without(text) == text


def test_exact_takes_the_case_as_it_is_written() -> None:
    assert Person(("Will",), exact=True).is_in("Will went") and not Person(("Will",), exact=True).is_in("it will go")


@pytest.mark.parametrize("forms", [(), ("",), ("  a ",), ("Anna Muster", "@@")])
def test_what_would_be_found_everywhere_is_refused(forms: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        Person(forms)


def test_json_stays_json() -> None:
    person = Person((NAME, "4917012345"))
    value = {"a": ["x anna muster y", 3, None, True], NAME: {"n": 4917012345}}
    assert person.without_in(value) == {"a": [f"x {ERASED} y", 3, None, True], ERASED: {"n": ERASED}}


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(), st.sampled_from([NAME, EMAIL, "李小龙", "+49 170 1234567"]))
def test_between_spaces_a_form_is_always_found_also_as_json(before: str, after: str, form: str) -> None:
    person, text = Person((form,)), f"{before} | {form} | {after}"
    assert person.is_in(text)
    assert person.is_in(json.dumps(text)) and person.is_in(json.dumps({"k": text}, ensure_ascii=False))
    assert not person.is_in(person.without(text))


@pytest.mark.parametrize("piece", ["a", "1", "anna <", "anna _", "\\u0061", "&#", "12 ", "\\\\"])
def test_hostile_text_takes_no_long_time(piece: str) -> None:
    text = piece * (500_000 // len(piece))
    person = Person((NAME, EMAIL, PROFILE, "+11 111 11111112", "李小龙"))
    started = time.process_time()
    person.is_in(text)
    assert time.process_time() - started < 5
