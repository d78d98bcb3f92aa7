"""Main text out of web pages: what is kept, what is dropped, and in which encoding it was read."""

from __future__ import annotations

import importlib.util
import time

import pytest

from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.sources.main_text import decode, extract

PAGE = """<!doctype html><html lang="pt-BR"><head><meta charset="{charset}"><title>Título</title>
<meta name="author" content="Ana Silva"><meta property="article:published_time" content="2024-03-04T10:00:00Z"></head>
<body><nav><a href="/">Início</a> <a href="/mais">Mais</a></nav><main><article><h1>Título</h1>
<p>Um parágrafo sobre coisas que importam para as pessoas, com bastantes palavras para ser o texto da página.</p>
<table><tr><th>ano</th><th>valor</th></tr><tr><td>2023</td><td>41</td></tr></table>
<ul><li>um</li><li>dois</li></ul><pre><code>x = 1
y = 2</code></pre></article></main><footer>Aceite os cookies</footer></body></html>"""


def test_the_main_text_is_markdown_without_navigation_and_footer() -> None:
    found = extract(PAGE.format(charset="utf-8"), "https://example.com/a")
    assert (found.title, found.author, found.date, found.language) == ("Título", "Ana Silva", "2024-03-04", "pt-BR")
    assert found.text.startswith("# Título") and "Um parágrafo" in found.text
    assert "| 2023 | 41 |" in found.text and "- dois" in found.text and "x = 1\ny = 2" in found.text
    assert "cookies" not in found.text and "Início" not in found.text and "fingerprint" not in found.text


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        ("é".encode(), None, ("é", "utf-8")),
        ("é".encode("latin-1"), None, ("é", "windows-1252")),
        ("“é”".encode("cp1252"), "iso-8859-1", ("“é”", "windows-1252")),
        ("é".encode("utf-16"), "iso-8859-1", ("é", "utf-16")),
        (b"\xef\xbb\xbf\xc3\xa9", "latin-1", ("é", "utf-8")),
        ('<meta charset="shift_jis">日本'.encode("shift_jis"), None, ('<meta charset="shift_jis">日本', "shift_jis")),
        ("日本".encode("euc-jp"), '"EUC-JP"', ("日本", "euc_jp")),
        (b"aGVsbG8=", "base64", ("aGVsbG8=", "utf-8")),
        (b"plain", "no-such-charset", ("plain", "utf-8")),
        (b"a\xff", "utf-8", ("a\ufffd", "utf-8")),
    ],
)
def test_pages_are_decoded_as_browsers_do(body: bytes, declared: str | None, expected: tuple[str, str]) -> None:
    assert decode(body, declared) == expected


@pytest.mark.parametrize("page", [b"", b"   ", b"\x00\x01" * 500, b"<div>" * 50_000, b"<!--" * 50_000, "\ud800<p>"])
def test_a_page_without_text_gives_none(page: bytes | str) -> None:
    assert extract(page).text == ""


def test_a_page_of_many_small_pieces_takes_bounded_time() -> None:
    began = time.process_time()
    extract("<h2>x</h2>" + "<table><tr><td>x</td></tr></table>" * 5_000)
    assert time.process_time() - began < 30


def test_a_page_keeps_its_title_where_no_main_text_is_found() -> None:
    assert extract("<html><title>Only &amp; a title</title><body></body></html>").title == "Only & a title"


def test_without_the_extra_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing) as raised:
        extract("<p>text</p>")
    assert 'pip install "webtune-tui[web]"' in raised.value.hint
