"""Token counts are those of the reference, whatever the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.tokens import BundledCounter, FileCounter, count_examples, counter_for


def test_counts_are_those_published_for_o200k() -> None:
    texts = ["", "hello world", "tiktoken is great!", "antidisestablishmentarianism", "お誕生日おめでとう", "2 + 2 = 4"]
    assert BundledCounter().count(texts) == [0, 2, 6, 6, 8, 7]


def test_an_example_counts_its_chat_format() -> None:
    messages = [Message("user", "hello world"), Message("assistant", "hello world", extra={"name": "bot"})]
    assert count_examples([messages], BundledCounter()) == [2 + 2 + 3 + 3 + 1 + 3]


@given(st.lists(st.text(), max_size=5))
def test_any_text_has_a_count(texts: list[str]) -> None:
    counts = BundledCounter().count([*texts, "\ud800 half", "a" * 5_000])
    assert all(count > 0 for text, count in zip(texts, counts, strict=False) if text)
    assert counts[: len(texts)] == [BundledCounter().count([text])[0] for text in texts]


def test_without_a_tokenizer_of_its_own_a_base_is_counted_with_the_default(tmp_path: Path) -> None:
    assert counter_for("", tmp_path).encoding == "o200k_base"
    assert counter_for("nosuch/model", tmp_path).encoding == "o200k_base"


def test_a_base_on_this_machine_counts_with_its_own_tokenizer(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"hello": 0, "world": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    (tmp_path / "tiny").mkdir()
    tokenizer.save(str(tmp_path / "tiny" / "tokenizer.json"))
    counter = counter_for("tiny", tmp_path)
    assert isinstance(counter, FileCounter)
    assert counter.encoding == "tiny"
    assert counter.count(["hello there world", "hello"]) == [3, 1]
