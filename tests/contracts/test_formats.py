"""What every format of export keeps to; a new file is tested as soon as it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui import registry
from webtune_tui.domain.examples import REJECTED, Message
from webtune_tui.pipeline.formats.base import Container, Format, NotExpressible
from webtune_tui.services.export import format_names
from webtune_tui.services.exporting import rows

FORMATS = registry.names("pipeline.formats")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT,
        "tool_call_id": TEXT,
        "tool_calls": st.lists(st.dictionaries(TEXT, TEXT, max_size=2), max_size=2),
        "tools": st.lists(st.dictionaries(TEXT, TEXT, max_size=2), max_size=2),
        "from": TEXT,
        "extra": TEXT,
        REJECTED: TEXT,
        "other": st.none() | st.booleans() | st.integers() | TEXT,
    },
)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "developer", "user", "assistant", "tool"]),
    TEXT,
    st.sampled_from([None, 0, 1, 7]),
    EXTRAS,
)
CONVERSATIONS = st.lists(MESSAGES, min_size=1, max_size=4).map(tuple)


def format_of(name: str) -> Format:
    found: Format = registry.load("pipeline.formats", name).FORMAT
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_what_it_is(name: str) -> None:
    format = format_of(name)
    assert format.name == name and format.title and format.hint
    assert format.container in rows.SUFFIXES
    assert bool(format.columns) == (format.container is not Container.JSON_LINES)


def test_the_contract_names_every_format_and_the_usual_one_comes_first() -> None:
    assert format_names()[0] == "openai"
    assert set(FORMATS) == {"openai", "dpo", "sharegpt", "alpaca", "parquet", "csv"}


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None, max_examples=60)
@given(conversations=st.lists(CONVERSATIONS, min_size=1, max_size=4))
def test_any_example_becomes_a_row_of_the_columns_or_has_a_reason(
    name: str, conversations: Sequence[Sequence[Message]]
) -> None:
    fitted = format_of(name).fitted(conversations)
    for messages in conversations:
        try:
            row = fitted.row(messages)
        except NotExpressible as fault:
            assert fault.reason.isidentifier()
            continue
        assert json.loads(json.dumps(row)) == row
        if fitted.container is not Container.JSON_LINES:
            assert set(row) <= set(fitted.columns)
        if fitted.container is Container.CSV:
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
