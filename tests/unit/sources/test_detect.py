"""Telling format and encoding by content."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from webtune_tui.domain.errors import UsageError
from webtune_tui.sources.files import detect, encodings


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
        ("Some words.\nMore words.\n", "x.txt", "text"),
        ("Some words, said,\nand more words, said.\n", "x.txt", "text"),
        ("Some words.\n", "x.py", None),
        ("[Applause] Thank you.\nThank you all.\n", "x.txt", "text"),
        ("# One\n\nwords\n\n## Two\n\nmore\n", "", "markdown"),
        ("---\ntitle: x\n---\nwords\n", "", "markdown"),
        ("# A comment\nof a text\n", "x.md", "markdown"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n", "x.txt", "vtt"),
        ("1\n00:00:01,000 --> 00:00:02,000\nhi\n", "x.txt", "srt"),
        ("<!-- <b> --><!-- -->\n<!DOCTYPE html><p>x", "x.txt", "html"),
        ("<?xml version='1.0'?>\n<html><p>x</p></html>", "x", "html"),
        ("<p>a fragment</p>", "x.html", "html"),
        ("<rss><item/></rss>", "x.xml", None),
        ('{"prompt": "p", "chosen": "a", "rejected": "b"}\n' * 2, "x.jsonl", "preference"),
        (
            '{"input": {"messages": []}, "preferred_output": [], "non_preferred_output": []}\n' * 2,
            "x.jsonl",
            "preference",
        ),
        ('{"conversations": [{"from": "human", "value": "q"}]}\n' * 2, "x.jsonl", "sharegpt"),
        ('[{"conversations": [{"from": "human", "value": "q"}]}]', "x.json", "sharegpt"),
        ('[\n {"instruction": "i", "input": "", "output": "o"}\n]', "x.json", "alpaca"),
        ('{"instruction": "i", "input": "", "output": "o"}\n' * 2, "x.jsonl", "alpaca"),
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


@pytest.mark.parametrize(
    ("content", "encoding", "place"),
    [
        (b'["caf\xe9"]', "utf-8", 5),
        ("café".encode()[:-1], "utf-8", 3),
        ("x" * 1024**2 + "é", "utf-8", None),
        (b"x" * (1024**2 - 1) + b"\xc3x", "utf-8", 1024**2 - 1),
        (b"\xff\xfea\x00\x00\xd8b\x00", "utf-16", 4),
        ("日本".encode("shift_jis"), "cp932", None),
    ],
)
def test_the_first_byte_that_is_no_text_is_found(
    tmp_path: Path, content: bytes | str, encoding: str, place: int | None
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    assert encodings.first_bad_byte(path, encoding) == place


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_without_a_mark_are_told_from_binary(encoding: str) -> None:
    text = '[{"title": "日本語の文章です。", "n": 1}]'
    assert detect.detect(text.encode(encoding), "x.json").encoding == encoding


def test_a_page_is_read_in_the_encoding_that_it_declares() -> None:
    page = '<html><head><meta charset="{}"></head><body>café “x”</body></html>'
    assert detect.detect(page.format("iso-8859-1").encode("cp1252"), "x.html").encoding == "cp1252"
    assert detect.detect(page.format("iso-8859-1").encode("utf-8"), "x.html").encoding == "utf-8"
    old = '<?xml version="1.0" encoding="ISO-8859-2"?>\n<html><body>Łódź</body></html>'
    assert detect.detect(old.encode("iso8859-2"), "x.html").encoding == "iso8859-2"
    japanese = '<html><meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS"><body>日本</body></html>'
    assert detect.detect(japanese.encode("cp932"), "x.html").encoding == "cp932"
    assert detect.detect(japanese.encode("cp932"), "x.html", encoding="latin-1").encoding == "latin-1"


@pytest.mark.parametrize(
    ("head", "word"),
    [(b"%PDF-1.7\n", "PDF"), (b"BZh91AY", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\xd0\xcf\x11\xe0\xa1\xb1", "Office")],
)
def test_what_webtune_does_not_read_says_what_it_is(head: bytes, word: str) -> None:
    found = detect.detect(head, "x")
    assert found.format is None and word in found.reason


@pytest.mark.parametrize(
    ("format", "name", "head"), [("html", "trafilatura", b"<html>"), ("parquet", "duckdb", b"PAR1")]
)
def test_a_format_whose_extra_is_missing_names_the_command(
    monkeypatch: pytest.MonkeyPatch, format: str, name: str, head: bytes
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    found = detect.detect(head, "x")
    extra = "web" if format == "html" else "tables"
    assert found.format is None and f'pip install "webtune-tui[{extra}]"' in found.reason


def test_a_hostile_beginning_is_told_in_little_time() -> None:
    for text in (
        "<!-- -->" * 100_000,
        "[" * 1_000_000,
        "{" * 1_000_000,
        "#" * 1_000_000,
        "- " * 500_000,
        "," * 1_000_000,
    ):
        began = time.monotonic()
        detect.detect(text.encode(), "x.txt")
        assert time.monotonic() - began < 20


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        detect.open_regular(tmp_path / "pipe")
