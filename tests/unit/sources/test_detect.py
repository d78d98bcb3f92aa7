"""Telling format and encoding by content."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from webtune_tui.domain.errors import UsageError
from webtune_tui.sources.files import detect


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ('[{"a": 1}]', "x.txt", "json"),
        ('{"a": 1}\n{"a": 2}\n', "x.json", "jsonl"),
        ('{\n "a": 1\n}', "x.json", "json"),
        ('{"a": 1}', "x.jsonl", "jsonl"),
        ('{"a": 1}', "x.json", "json"),
        ('{"messages": [{"role": "user", "content": "q"}]}\n' * 2, "x.jsonl", "openai"),
        ('{"system": "s", "user": "u", "assistant": "a"}\n' * 2, "x.jsonl", "flat"),
        ('{"user": "u", "assistant": "a", "score": 1}\n' * 2, "x.jsonl", "jsonl"),
        ("a,b\n1,2\n", "x.csv", "csv"),
        ("a\tb\n1\t2\n", "x.tsv", "tsv"),
        ("a,b\n1,2\n3,4\n", "x", "csv"),
        ('{broken\n{"a": 1}\n{"a": 2}\n', "x.jsonl", "jsonl"),
        ("Some words.\nMore words.\n", "x.txt", None),
    ],
)
def test_the_format_is_told_by_content(content: str, name: str, expected: str | None) -> None:
    assert detect.detect(content.encode(), name).format == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_encoding_is_told_by_mark_or_pattern(encoding: str) -> None:
    assert detect.detect('[{"a": "caf"}]'.encode(encoding), "x.json").encoding == encoding


@pytest.mark.parametrize(
    ("content", "word"), [(b"", "empty"), (b"  \n ", "white space"), (bytes(range(256)) * 8, "binary")]
)
def test_what_is_no_text_says_why(content: bytes, word: str) -> None:
    found = detect.detect(content, "x.csv")
    assert found.format is None and word in found.reason


def test_a_given_format_and_encoding_win() -> None:
    found = detect.detect("a;b\n1;é\n".encode("latin-1"), "x.bin", format="csv", encoding="iso8859-1")
    assert (found.format, found.encoding) == ("csv", "iso8859-1")


def test_unknown_words_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as format_error:
        detect.format_word("docx")
    assert "jsonl" in format_error.value.hint
    for name in ("klingon", "base64", "rot13"):
        with pytest.raises(UsageError):
            detect.encoding_name(name)
    assert detect.encoding_name("latin-1") == "iso8859-1"


def test_a_copy_says_where_it_stops_to_be_text() -> None:
    target = io.BytesIO()
    copied = detect.copy_and_measure(io.BytesIO(b'["caf\xe9"]'), target, "utf-8")
    assert copied.bad_byte_at == 5 and copied.size == 8 and target.getvalue() == b'["caf\xe9"]'
    assert detect.copy_and_measure(io.BytesIO("café".encode()[:-1]), io.BytesIO(), "utf-8").bad_byte_at is not None


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        detect.open_regular(tmp_path / "pipe")
