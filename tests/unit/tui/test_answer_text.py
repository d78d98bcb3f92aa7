"""Model output is text: styled, wrapped, and unable to act."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from webtune_tui.tui.presentation.answer_text import AnswerText, Paragraph

SAMPLE = """# Title **x**

Some *em* and **strong `code`** text.
second line

- one
- two
  - nested

1. first

   para in item
2. second

```python
def f(x):

    return x
```

> quote

| a | b |
|---|---|
| 1 | two |

---
The end"""
_PIECES = st.sampled_from(
    [
        *("# ", "- ", "1. ", "  ", "```", "\n", "\n\n", "> ", "**", "*", "`", "[a](http://x)", "---", "~~"),
        *("| a | b |\n|---|---|\n", "word ", "漢字", "![i](u)", "<b>", "\t", "\x00", "\x1b[2J", "\x9b31m"),
        *("\u202e", "[@click=app.quit]x[/]", "[/"),
    ]
)


def rendered(answer: AnswerText, width: int = 44) -> list[str]:
    return [line.plain for block in answer.blocks() for line in block.lines(width)]


def test_an_answer_in_single_characters_reads_like_the_whole() -> None:
    grown = AnswerText()
    for character in SAMPLE:
        grown.append(character)
        grown.blocks()
    assert rendered(grown) == rendered(AnswerText(SAMPLE))


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=40), st.integers(12, 100))
def test_no_line_is_wider_than_its_place_and_none_holds_a_control_byte(pieces: list[str], width: int) -> None:
    answer = AnswerText()
    for piece in pieces:
        answer.append(piece)
        lines = rendered(answer, width)
        assert all(character.isprintable() for line in lines for character in line)
        assert all(cell_len(line) <= width for line in lines)


def test_markup_and_links_are_only_words() -> None:
    answer = AnswerText("[@click=app.quit]CLICK[/] [red]x[/red] and [page](https://evil.example/x)")
    (block,) = answer.blocks()
    assert isinstance(block, Paragraph)
    assert block.text.plain == "[@click=app.quit]CLICK[/] [red]x[/red] and page (https://evil.example/x)"
    assert {span.style for span in block.text.spans} <= {"link", "faint"}


def test_closed_blocks_are_parsed_once_and_code_with_blank_lines_stays_one_block() -> None:
    answer = AnswerText("Before.\n\n```\na\n\nb\n")
    assert [line.plain for block in answer.closed for line in block.lines(40)] == ["Before."]
    answer.append("```\n\nAfter.\n")
    assert [line.plain for block in answer.closed for line in block.lines(40)] == ["Before.", "", "│ a", "│ ", "│ b"]


def test_a_table_that_does_not_fit_becomes_lines_with_its_headings() -> None:
    answer = AnswerText("| size | price |\n|---|---|\n| a very long size indeed | $12 |\n")
    assert rendered(answer, 60)[0].startswith("size")
    assert rendered(answer, 24)[:2] == ["  size: a very long size", "  indeed"]
