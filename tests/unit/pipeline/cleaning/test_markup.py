"""HTML to text: lists, tables, definitions and code keep their shape."""

from __future__ import annotations

import pytest

from webtune_tui.pipeline.cleaning import Cleaner

CASES = [
    ("<ul><li>One<ul><li>Deep</li></ul></li><li>Two</li></ul>After", "- One\n  - Deep\n- Two\n\nAfter"),
    ("<ol><li>a</li><li>b<ol><li>c</li></ol></li></ol>", "1. a\n2. b\n  1. c"),
    ('<ol start="3"><li>a<li>b</ol>', "3. a\n4. b"),
    ("<p>Intro:</p><ul><li><p>One</p></li><li></li><li>Two</li></ul>", "Intro:\n\n- One\n- Two"),
    ("<table><thead><tr><th>Size</th><th>Hue</th></tr></thead><tbody><tr><td>L</td><td>Red</td></tr></tbody></table>",
     "Size | Hue\n--- | ---\nL | Red"),
    ("<table><tr><th>Brand</th><td>Acme</td></tr><tr><th>Model<td>X<br>Y</table>", "Brand | Acme\nModel | X; Y"),
    ("<table><tr><td><table><tr><td>in</td><td>side</td></tr></table></td></tr></table>", "in | side"),
    ("<tr><td>no</td><td>table</td></tr>", "no | table"),
    ("<dl><dt>Colour</dt><dd>Red</dd><dt>Care:</dt><dd>Wash</dd><dd>Dry</dd></dl>", "Colour: Red\nCare: Wash\nDry"),
    ("See<pre>def f():\n    return &lt;b&gt;</pre>there", "See\n\n```\ndef f():\n    return <b>\n```\n\nthere"),
    ("Call <pre>f()</pre> twice", "Call f() twice"),
    ("<h2>Title</h2><p>One\ntwo</p><div>three</div><div>four</div>", "Title\n\nOne two\n\nthree\nfour"),
    ("Line 1<br>\nLine 2 <b>x</b>\nLine 3", "Line 1\nLine 2 x\nLine 3"),
    ("a<br><br><br>b", "a\n\nb"),
    ("<div># Head\n\nText\nwrapped\n- a\n- b</div>", "# Head\n\nText wrapped\n- a\n- b"),
    ("10 m<sup>2</sup>, H<sub>2</sub>O, 1<sup>st</sup>", "10 m², H₂O, 1st"),
    ("<a title='x > y' href=\"#\">link</a> it's", "link it's"),
    ("<a title=it's>link</a>", "link"),
    ("<![CDATA[<p>Hi &amp; bye</p>]]>", "Hi & bye"),
    ("a<!-- <b>c</b> -->d", "ad"),
    ("a <!-- open", "a <!-- open"),
    ("<p>a</p><script>if (a < b) { x('</p>') }</script>b", "a\n\nb"),
    ("<p>a</p><style>p{}", "a"),
    ("<svg><title>Logo</title></svg>Name<select><option>S</option></select>", "Name"),
    ("&lt;ul&gt;&lt;li&gt;x&lt;/li&gt;&lt;/ul&gt;", "- x"),
    ("&amp;amp;amp;lt;b&amp;amp;amp;gt;x", "x"),
    ("1 < 2 <b>and</b> 3 > 2", "1 < 2 and 3 > 2"),
    ("<unknown>tag</unknown> <p>x", "<unknown>tag</unknown>\n\nx"),
    ("</ul></td></table></pre></li>x", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "text"), CASES, ids=range(len(CASES)))
def test_a_page_reads_as_text(page: str, text: str) -> None:
    cleaned = Cleaner().clean(page)
    assert cleaned == text
    assert Cleaner().clean(cleaned) == cleaned


def test_a_table_that_lays_out_a_page_leaves_its_paragraphs_apart() -> None:
    long = "A paragraph that is long enough to be one of a page. " * 5
    text = Cleaner().clean(f"<table><tr><td><p>{long}</p><p>Second.</p></td><td>Aside</td></tr></table>")
    assert text == f"{long.strip()}\n\nSecond.\n\nAside"


def test_indented_items_of_a_text_keep_their_depth() -> None:
    text = "Parts:\n    - a\n        - b\n\t\t- c\n    - d\n  text"
    assert Cleaner().clean(text) == "Parts:\n- a\n  - b\n  - c\n- d\ntext"
