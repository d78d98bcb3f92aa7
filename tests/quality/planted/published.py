"""Texts of others in several wordings, planted beside our own: editions of one text, and what only resembles it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tests.quality.planted.key import Planted

PUBLISHED = tomllib.loads(Path(__file__).parent.with_name("published_near_duplicates.toml").read_text("utf-8"))


def published_records() -> list[Planted]:
    """The editions as articles, each with a headline that is the same in all wordings of one text."""
    return [
        _article(published, number, text, kind)
        for kind, sets in PUBLISHED.items()
        for published in sets
        for number, text in enumerate(published["texts"])
    ]


def _article(published: dict[str, Any], number: int, text: str, kind: str) -> Planted:
    name = f"published-{published['name'].lower().replace(' ', '-')}-{number}"
    row = {"headline": published["name"], "article_text": text, "url": f"https://en.news.example/{name}"}
    is_alike = kind == "alike"
    return Planted(
        name=name,
        language="en",
        kind=f"published_{kind}",
        row=row,
        reason="near_duplicate" if is_alike else "",
        answer="" if is_alike else text,
        cluster=f"published-{published['name']}" if is_alike else "",
    )
