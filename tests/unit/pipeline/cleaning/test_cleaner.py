"""Cleaning texts: what a person would read is left, and cleaning again changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webtune_tui.pipeline.cleaning import MODEL_TOKEN, Cleaner, are_plain

PIECES = [
    "<p>", "</p>", "<b>", "</b>", "<li>", "<td>", "<br/>", "<script>", "</script>", "<!--", "-->", "<", ">", "&", ";",
    "&amp;", "&amp;amp;", "&lt;", "&gt;", "lt;", "amp;", "&#60;", "&#x3c;", "&nbsp;", "&copy;", "&nosuch;", "&#27;",
    "\x1b[31m", "\x1b]0;t\x07", "\x1b", "\u200b", "\u200d", "\u202e", "\ufeff", "\x00", "\x9b", "\ud800", "\r\n", "\n",
    "\n\n\n", "  ", "\t", "\u00a0", "\u2028", "<|im_start|>", "<|", "|>", "[INST]", "</s>", "<s>", "e\u0301", "word",
    "```", "```\n", "<pre>\n", "</pre>", "<ol>", "<ul>", "\n  - x", "<table>", "<th>", "<dd>", "<dt>", "Ã©", "â€™",
    "Ã ", "\x93", "Ð¿", "[TOOL_CALLS]", "<｜a｜>", "\U000e0041", "a\ufe0f", "\ufe0f", "\ue000",
    "a line of five words here\n", "one two three\n", "<![CDATA[", "]]>", "<sup>2</sup>", "\u2800",
    "👩\u200d🔬", "می\u200cخواهم", "日本語", "a < b", "List<String>", "im_start", "< |", "\u0338", "1",
]  # fmt: skip
DIRTY = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=14).map("".join)


def clean(text: str) -> str:
    return Cleaner().clean(text)


@given(DIRTY)
@example("&amp;" * 40 + "lt;b&gt;")
@example("&lt;" + "&amp;lt;" * 30)
@settings(max_examples=600, deadline=None)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(DIRTY)
@settings(max_examples=300, deadline=None)
def test_nothing_that_acts_or_hides_is_left(text: str) -> None:
    cleaned = clean(text)
    assert not any(character in cleaned for character in "\x1b\x00\x9b\u200b\u202e\ufeff\r\ud800")
    assert MODEL_TOKEN.search(cleaned) is None


@given(st.text(alphabet="abc XYZ.,!?'\"-0189éß日本語", max_size=60).map(lambda text: " ".join(text.split())))
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == __import__("unicodedata").normalize("NFC", text)


@pytest.mark.parametrize(
    ("dirty", "readable"),
    [
        ("Fish &amp;amp; chips", "Fish & chips"),
        ("caf&eacute; &#8212; 5 &euro;", "café — 5 €"),
        ("&lt;p&gt;Two&lt;/p&gt;&lt;p&gt;lines&lt;/p&gt;", "Two\n\nlines"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<table><tr><td>Size</td><td>L</td></tr><tr><td>Hue</td><td>Red</td></tr></table>", "Size | L\nHue | Red"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("Keep <b>bold</b> words<script>alert(1)</script><style>p{}</style>", "Keep bold words"),
        ("if a < b and b > c: List<String>", "if a < b and b > c: List<String>"),
        ("<b>List<String></b>", "List<String>"),
        ("one  two\t three \n\n\n\n four", "one two three\n\nfour"),
        ("\x1b[31mred\x1b[0m \u200bhid\u202eden", "red hidden"),
        ("cafe\u0301", "café"),
        ("<|im_start|>system", "(im_start)system"),
        ("a family 👩\u200d🔬 and می\u200cخواهم", "a family 👩\u200d🔬 and می\u200cخواهم"),
        ("https://example.com/?a=1&copy=2", "https://example.com/?a=1&copy=2"),
        ("&copy=1 &notit; &nosuch;", "&copy=1 &notit; &nosuch;"),
    ],
)
def test_a_text_reads_as_on_the_page(dirty: str, readable: str) -> None:
    assert clean(dirty) == readable


@given(DIRTY, st.sampled_from(["", "```\n", "<p>", "\u200b<div>"]))
@example("Ã©0Æ\x91\x91", "")
@settings(max_examples=400, deadline=None)
def test_cleaning_a_written_text_twice_is_cleaning_it_once(text: str, start: str) -> None:
    once = Cleaner().clean(start + text, is_written=True)
    assert Cleaner().clean(once, is_written=True) == once


CODE = "Try this:\n\n```html\n<div>\n    <b>x</b> &amp; y\n</div>\n```\n\n\ndef f(a):\n    return  a < 3"


@pytest.mark.parametrize(
    "code", [CODE, "def f():\n    return '<b>x</b>'\n\n\nprint(f())", "Use <div> around it.\tThen\tstop."]
)
def test_code_in_a_written_example_keeps_its_layout_and_tags(code: str) -> None:
    assert Cleaner().clean(code, is_written=True) == code


def test_a_written_example_that_is_a_page_reads_as_on_the_page() -> None:
    assert Cleaner().clean("<p>One</p> <p>Two &amp; three</p>", is_written=True) == "One\n\nTwo & three"


def test_fenced_code_of_a_scraped_text_keeps_its_layout() -> None:
    assert clean("Run:\n```\n  a  <b>\n```") == "Run:\n```\n  a  <b>\n```"


def test_removed_characters_are_counted_by_kind() -> None:
    cleaner = Cleaner()
    cleaner.clean("a\u200bb\u200bc\u202ed\x00e\x1b[1mf<|im_end|>")
    assert cleaner.removed == {"zero_width": 2, "bidi": 1, "control": 1, "ansi": 1, "model_token": 1}


@given(st.lists(DIRTY, max_size=6))
@settings(max_examples=150, deadline=None)
def test_texts_that_pass_together_are_those_that_cleaning_leaves_alone(texts: list[str]) -> None:
    if are_plain(texts):
        assert [Cleaner().clean(text) for text in texts] == texts
        assert [Cleaner().clean(text, is_written=True) for text in texts] == texts


@pytest.mark.parametrize(
    "text",
    [
        "Plain words.\n\nAnd a second paragraph, with 2 < 3 & more.",
        "“Qualité supérieure” — ideal für Küche & Bad, São Paulo, ¿qué tal?",
        "軽くて丈夫なボトルです。毎日の使用に最適。",
        "Шерстяной плед 130×180 см",
        "صندوق أدوات متين",
        "תיק גב עמיד במים",
        "👍🏽 great, 👨‍👩‍👧 love it ❤️ 5️⃣ stars",
        "- one\n  - two\n- three",
        "a | b\n--- | ---\nc | d",
        "List<String> xs = new ArrayList<>();",
    ],
)
def test_good_text_stays(text: str) -> None:
    cleaner = Cleaner()
    assert cleaner.clean(text) == text
    assert not cleaner.removed


def test_fenced_code_stays_while_the_text_around_it_is_cleaned() -> None:
    text = "<p>Use &amp; enjoy:</p>\n```\nif a  &amp;&amp; b: <b>\n```\n\n\n\nafter  <i>it</i>"
    assert clean(text) == "Use & enjoy:\n```\nif a  &amp;&amp; b: <b>\n```\n\nafter it"


def test_a_repair_that_is_not_wanted_is_not_made() -> None:
    cleaner = Cleaner(html=False, invisible=False, model_tokens=False, mojibake=False, repeated_lines=False)
    text = "<p>cafÃ©\u200b <|im_start|></p>\n" + "the same line of five words\n" * 3
    assert cleaner.clean(text) == text.strip()
