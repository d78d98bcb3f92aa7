"""Pages, Markdown and plain texts: one file, one record, or the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sources.reading import read_text, rejects_of, rows_of
from webtune_tui.domain.limits import ReadLimits
from webtune_tui.sources.files.base import Row

PAGE = """<!doctype html><html lang="pt-BR"><head><title>Chaleira | Loja</title>
<meta name="author" content="Ana Lima"><link rel="canonical" href="https://loja.example/chaleira">
<meta property="og:url" content="https://loja.example/other">
<meta property="article:published_time" content="2024-02-03T10:00:00Z"></head>
<body><nav><a href="/">Start</a> <a href="/b">Everything else in the menu</a></nav>
<article><h1>Chaleira de cobre</h1>
<p>A chaleira ferve um litro de água em três minutos e fica fria por fora, mesmo quando o fogo é forte.</p>
<ul><li>um litro</li><li>cobre</li></ul>
<table><tr><th>Peso</th><th>Cor</th></tr><tr><td>1 kg</td><td>vermelho</td></tr></table>
<p>O cabo é de madeira e não esquenta; a tampa fecha bem e o bico não pinga quando se serve o chá.</p></article>
<footer>Accept all cookies to go on</footer></body></html>"""


def test_a_page_gives_its_main_text_and_what_it_says_of_itself(tmp_path: Path) -> None:
    (item,) = read_text(tmp_path, "x.html", PAGE)
    assert isinstance(item, Row)
    fields = dict(item.fields)
    text = fields.pop("text")
    assert fields == {
        "url": "https://loja.example/chaleira",
        "title": "Chaleira de cobre",
        "date": "2024-02-03",
        "author": "Ana Lima",
        "language": "pt-BR",
    }
    assert text.startswith("# Chaleira de cobre")
    assert "- um litro" in text and "| 1 kg | vermelho |" in text and "não pinga" in text
    assert "cookies" not in text and "menu" not in text
    assert (item.start, item.length) == (0, len(PAGE.encode()))


def test_a_manual_keeps_its_headings_and_lists_and_a_menu_stays_out(tmp_path: Path) -> None:
    words = "The kettle boils a litre of water in three minutes and stays cool outside whatever the fire does. "
    section = '<div class="titlepage"><div><h2 class="title"><a id="x"></a>1.{n}. Part {n}</h2></div></div>'
    body = "".join(f"{section.format(n=n)}<p>{words * 4}</p><ul><li><p>item {n}</p></li></ul>" for n in range(3))
    menu = "<div class='navigation'>" + "".join(f"<a href='/{n}'>Menu entry {n}</a> " for n in range(40)) + "</div>"
    ((fields),) = rows_of(read_text(tmp_path, "x.html", f"<html><body>{menu}<div>{body}</div></body></html>"))
    assert [line for line in fields["text"].splitlines() if line.startswith(("#", "-"))] == [
        line for n in range(3) for line in (f"## 1.{n}. Part {n}", f"- item {n}")
    ]
    assert "Menu" not in fields["text"]


@pytest.mark.parametrize("content", ["<html><body></body></html>", "<html><body><img src=x><br> </body></html>"])
def test_a_page_without_text_is_a_reject(tmp_path: Path, content: str) -> None:
    ((line, reason),) = rejects_of(read_text(tmp_path, "x.html", content))
    assert line == 1 and "no main text" in reason


def test_a_page_beyond_the_limit_is_a_reject(tmp_path: Path) -> None:
    page = PAGE.replace("cobre", "cobre " * 200_000)
    ((_, reason),) = rejects_of(read_text(tmp_path, "x.html", page, ReadLimits(page_mb=1)))
    assert "limits.page_mb" in reason


@pytest.mark.parametrize(
    "content",
    [
        "<html><body>" + "<div>" * 20_000 + "text " * 100,
        "<html>" + "<p>" * 20_000,
        "<html><body><p>" + "a<b" * 20_000,
        "<html><table>" + "<tr><td><table>" * 300 + "text",
        "<html><body>" + "&#0;&#xD800;&#1114112;" * 100 + "<p>some text that is long enough</p>" * 30,
        "<html><body><!--" + "-" * 50_000,
    ],
    ids=["depth", "open", "brackets", "tables", "characters", "comment"],
)
def test_hostile_markup_ends_in_a_row_or_a_reject(tmp_path: Path, content: str) -> None:
    (item,) = read_text(tmp_path, "x.html", content)
    assert not isinstance(item, Row) or str(item.fields["text"]).encode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("# One `code`\n\nwords\n", {"title": "One `code`", "text": "# One `code`\n\nwords"}),
        ("Title\n=====\n\nwords", {"title": "Title", "text": "Title\n=====\n\nwords"}),
        ("```\n# no heading\n```\n\n## Real ##\n", {"title": "Real", "text": "```\n# no heading\n```\n\n## Real ##"}),
        ("words only", {"title": None, "text": "words only"}),
        (
            '---\ntitle: "A: b"\ndate: 2024-01-02\ntags:\n  - x\nlang: pt\n---\n# H\nbody\n',
            {"title": "A: b", "date": "2024-01-02", "language": "pt", "text": "# H\nbody"},
        ),
        ('+++\ntitle = "T"\nauthor = "A"\n+++\nbody', {"title": "T", "author": "A", "text": "body"}),
        ("+++\nbroken = \n+++\nbody", {"title": None, "text": "+++\nbroken = \n+++\nbody"}),
        ("---\n\nno matter\n", {"title": None, "text": "---\n\nno matter"}),
    ],
)
def test_markdown_keeps_its_title_and_front_matter(tmp_path: Path, content: str, expected: dict[str, str]) -> None:
    assert rows_of(read_text(tmp_path, "x.md", content)) == [expected]


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("On Kettles\n\nThey boil.\n", "On Kettles"),
        ("They boil.\n\nThey cool.\n", None),
        ("They boil\nand cool.\n", None),
        ("On Kettles\r\n\r\nThey boil.\r\n", "On Kettles"),
        ("\ufeffOn Kettles\n\nThey boil.", "On Kettles"),
    ],
)
def test_a_text_has_the_title_that_stands_above_it(tmp_path: Path, content: str, title: str | None) -> None:
    (fields,) = rows_of(read_text(tmp_path, "x.txt", content))
    assert fields["title"] == title and "\r" not in fields["text"]


@pytest.mark.parametrize("name", ["x.txt", "x.md"])
def test_a_text_that_is_too_long_or_holds_a_nul_is_a_reject(tmp_path: Path, name: str) -> None:
    ((_, reason),) = rejects_of(read_text(tmp_path, name, "words " * 400_000, ReadLimits(record_mb=1)))
    assert reason.startswith("longer than 1 million")
    ((_, reason),) = rejects_of(read_text(tmp_path, name, "words\x00" + " and more words" * 30))
    assert reason == "holds a NUL"


def test_headings_are_found_in_little_time_whatever_the_text(tmp_path: Path) -> None:
    for piece in (" ", "#", "`", "=", "-\n", "```\n", "a\t"):
        read_text(tmp_path, "x.md", "x" + piece * (1_000_000 // len(piece)) + "y")
