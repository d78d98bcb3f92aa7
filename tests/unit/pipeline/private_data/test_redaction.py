"""Placeholders: one for each value, the same in all texts, and the policy for each kind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.pipeline.private_data.fields import field_texts, hits_of, with_texts
from webtune_tui.pipeline.private_data.redaction import redact


def test_one_value_gets_the_plain_placeholder() -> None:
    redacted = redact(["Write to jane@example.com", "JANE@example.com or jane (at) example.com"], {})
    assert redacted.texts == ("Write to [EMAIL]", "[EMAIL] or [EMAIL]")
    assert redacted.placeholders == {"[EMAIL]": "email"}


def test_several_values_are_numbered_by_first_appearance() -> None:
    redacted = redact(["b@example.com a@example.com", "a@example.com, +1 415 555 2671, (415) 555-2671"], {})
    assert redacted.texts == ("[EMAIL_1] [EMAIL_2]", "[EMAIL_2], [PHONE], [PHONE]")
    assert redacted.placeholders == {"[EMAIL_1]": "email", "[EMAIL_2]": "email", "[PHONE]": "phone"}


def test_a_literal_placeholder_stays_and_its_number_is_not_used_again() -> None:
    assert redact(["[EMAIL] and jane@example.com"], {}).texts == ("[EMAIL] and [EMAIL_1]",)
    assert redact(["[EMAIL_4] and jane@example.com"], {}).texts == ("[EMAIL_4] and [EMAIL_5]",)
    assert redact(["[EMAIL]"], {}).placeholders == {}


def test_a_link_stays_readable() -> None:
    texts = ["see https://u:pa55w@example.com/a?page=2&token=abc123def#top"]
    assert redact(texts, {}).texts == ("see https://[TOKEN_URL_1]@example.com/a?page=2&token=[TOKEN_URL_2]#top",)


def test_kinds_can_be_kept_or_drop_the_record() -> None:
    texts = ["jane@example.com from 203.0.113.7"]
    assert redact(texts, {"email": "keep"}).texts == ("jane@example.com from [IP]",)
    dropped = redact(texts, {"ip": "drop"})
    assert dropped.dropped_kind == "ip"
    assert dropped.texts == tuple(texts)


PIECES = [
    "jane@example.com", "+1 415 555 2671", "415-555-2671", "030 1234567", "5551234", "call", "Tel.",
    "4111 1111 1111 1111", "DE89370400440532013000", "203.0.113.7", "[EMAIL]", "[PHONE_3]", "https://a:b@example.com",
    "?token=abc123def", "password=", "hunter22", "12345678Z", "model", " ", ", ", "\n", "(", ")", "-", ".", "1234567",
    "@", "x",
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), max_size=3))
@settings(max_examples=200, deadline=None)
def test_doing_it_twice_changes_nothing(texts: list[str]) -> None:
    once = redact(texts, {}).texts
    again = redact(once, {})
    assert again.texts == once
    assert again.placeholders == {}


ROW = {
    "title": "Lamp",
    "seller": {"phone": 4155552671, "phones": ["(415) 555-2671"], "id": 4155552671, "a.b": "x"},
    "messages": [{"role": "user", "content": "I am jane@example.com"}],
}


def test_every_find_in_nested_fields_can_be_opened_and_is_masked() -> None:
    opened = [(found.field_path, found.kind, found.masked) for found in hits_of(ROW)]
    assert opened == [
        ("seller.phone", "phone", "41…71"),
        ("seller.phones[0]", "phone", "(4…71"),
        ("messages[0].content", "email", "j…@e…"),
    ]
    assert hits_of(ROW, ("title",)) == []


def test_texts_go_back_to_where_they_came_from() -> None:
    texts = [found.text for found in field_texts(ROW)]
    assert with_texts(ROW, (), texts) == ROW
    changed = with_texts(ROW, ("seller",), ["[PHONE]", "[PHONE]", "y"])
    assert changed == {**ROW, "seller": {"phone": "[PHONE]", "phones": ["[PHONE]"], "id": 4155552671, "a.b": "y"}}
