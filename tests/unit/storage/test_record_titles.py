"""What a record is called in lists: its title, else what is asked in it, its page or its key."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from webtune_tui.storage.dataset_rows import RECORD_TITLE


def title(fields: dict[str, Any], url: str | None = None) -> str:
    with closing(sqlite3.connect(":memory:")) as connection:
        sql = f"SELECT {RECORD_TITLE} FROM (SELECT ? AS fields, ? AS url, 'hash:9f96' AS key) AS r"
        found: str = connection.execute(sql, (json.dumps(fields), url)).fetchone()[0]
        return found


CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Que horas são?"}]


@pytest.mark.parametrize(
    ("fields", "called"),
    [
        ({"title": "Steel bottle", "prompt": "Describe it"}, "Steel bottle"),
        ({"title": "", "prompt": "Describe it"}, "Describe it"),
        ({"messages": CHAT}, "Que horas são?"),
        ({"messages": []}, "https://shop.example/1"),
        ({"messages": "user: not a list"}, "https://shop.example/1"),
        ({"messages": ["text", 7, None, [1], {"role": "user"}]}, "https://shop.example/1"),
        ({}, "https://shop.example/1"),
    ],
    ids=["title", "empty title", "chat", "no messages", "messages as text", "odd messages", "nothing"],
)
def test_a_record_is_called_by_what_a_person_knows_of_it(fields: dict[str, Any], called: str) -> None:
    assert title(fields, "https://shop.example/1") == called


def test_a_record_without_words_or_page_is_called_by_its_key_and_a_long_one_is_cut() -> None:
    assert title({}) == "hash:9f96"
    assert len(title({"messages": [{"role": "user", "content": "word " * 1_000}]})) == 300
