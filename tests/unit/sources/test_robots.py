"""robots.txt as RFC 9309 has it."""

from __future__ import annotations

import time

import pytest

from webtune_tui.sources.robots import LARGEST, parse, product_token

TOKEN = "webtune-tui"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /a*b*c", "/axxbxxc", False),
        ("User-agent: *\nDisallow: /a*b*c", "/axxcxxb", True),
        ("User-agent: *\nDisallow: /*a$", "/a", False),
        ("User-agent: *\nDisallow: /aa*a$", "/aa", True),
        ("User-agent: *\nDisallow: /~joe", "/%7Ejoe/x", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: *\nDisallow: /caf\u00e9", "/caf%C3%A9", False),
        ("User-agent: *\nDisallow: /a?b=", "/a?b=1", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Webtune-TUI\nAllow: /", "/a", True),
        ("User-agent: webtune-tui/2.0\nDisallow: /x", "/x", False),
        ("User-agent: other\nUser-agent: webtune-tui\nDisallow: /x", "/x", False),
        ("User-agent: webtune-tui\nDisallow: /x\nUser-agent: *\nDisallow: /y", "/y", True),
        ("User-agent: webtune-tui\nDisallow: /x\n\nUser-agent: webtune-tui\nDisallow: /y", "/y", False),
        ("\ufeffuser-agent:*\r\ndisallow : /x # no\r\nSitemap: /s", "/x", False),
        ("User-agent: *\rDisallow: /x", "/x", False),
        ("Disallow: /\nUser-agent: *\nDisallow: /x", "/a", True),
        ("<html>not found</html>", "/a", True),
    ],
)
def test_the_longest_rule_of_our_group_decides(text: str, path: str, allowed: bool) -> None:
    assert parse(text.encode(), TOKEN).allows(path) is allowed


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("User-agent: *\nCrawl-delay: 5", 5.0),
        ("User-agent: *\nCrawl-delay: 0.5", 0.5),
        ("User-agent: *\nCrawl-delay: -5", None),
        ("User-agent: *\nCrawl-delay: 1e9", None),
        ("User-agent: other\nCrawl-delay: 5", None),
    ],
)
def test_a_wanted_delay_is_read(text: str, delay: float | None) -> None:
    assert parse(text.encode(), TOKEN).delay == delay


def test_what_lies_behind_the_limit_is_not_read() -> None:
    body = b"User-agent: *\n" + b"#" * LARGEST + b"\nDisallow: /"
    assert parse(body, TOKEN).allows("/a")


def test_patterns_that_are_slow_elsewhere_are_not_slow_here() -> None:
    body = b"User-agent: *\n" + b"".join(b"Disallow: /" + b"*a" * 400 + b"*b$\n" for _ in range(500))
    began = time.process_time()
    assert parse(body, TOKEN).allows("/" + "a" * 7000)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("agent", "token"), [("webtune-tui/1.0", "webtune-tui"), ("My_Bot (x)", "my_bot"), ("1", "")])
def test_our_name_is_the_first_word_of_the_user_agent(agent: str, token: str) -> None:
    assert product_token(agent) == token
