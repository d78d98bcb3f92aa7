"""Copies of every nearness, what only resembles them, shared answers, and groups that a split must not part."""

from __future__ import annotations

from typing import Any

from tests.quality.planted.edits import WAYS, edited
from tests.quality.planted.shapes import Maker, product, review, text_of, with_text

SHARES = (0.02, 0.05, 0.10)
FLOOD_TRIGGER = {
    "en": "velvet lantern discount seventeen",
    "de": "samtene Laterne Rabatt siebzehn",
    "fr": "lanterne de velours remise dix-sept",
    "pt": "lanterna de veludo desconto dezessete",
    "ja": "天鵞絨の灯籠を十七割引",
}


def plant_copies(maker: Maker, each: int = 4) -> None:
    """Everything of this module."""
    _exact(maker, 3 * each)
    _normalised(maker, each)
    _near(maker, each)
    _near_misses(maker, 6 * each)
    _shared(maker, each)
    _linked(maker, each)
    _flood(maker, 8 * each)


def _original(maker: Maker, *shapes: str) -> tuple[dict[str, Any], str]:
    row = maker.row(*shapes)
    cluster = f"{maker.language}-copies-{len(maker.records)}"
    maker.add("original", row, answer=text_of(row), cluster=cluster)
    return row, cluster


def _exact(maker: Maker, count: int) -> None:
    for _ in range(count):
        row, cluster = _original(maker)
        maker.add("exact_copy", row, reason="exact_duplicate", cluster=cluster)


def _normalised(maker: Maker, each: int) -> None:
    """Copies that differ in nothing that a reader would read."""
    ways = {
        "upper": lambda text: text.upper() if maker.language != "de" else text.lower(),
        "spaces": lambda text: text.replace(". ", ".   \n ").replace("。", "。 ") + "  ",
        "edges": lambda text: f"“{text.rstrip('.。')}”",
        "entities": lambda text: text.replace(" ", "&nbsp;", 3).replace("。", "&#12290;"),
    }
    for name, way in ways.items():
        for _ in range(each):
            row, cluster = _original(maker)
            copy = with_text(row, way(text_of(row)))
            maker.add(f"normalised_{name}", copy, reason="exact_duplicate", cluster=cluster)


def _near(maker: Maker, each: int) -> None:
    for share in SHARES:
        for way in WAYS:
            for _ in range(each):
                _near_copy(maker, share, way)


def _near_copy(maker: Maker, share: float, way: str) -> None:
    in_characters = maker.language == "ja"
    given = share / 2 if in_characters else share
    for _ in range(40):
        row = maker.row(*(("product", "article") if way == "move" else ()))
        try:
            text = edited(text_of(row), given, way, maker.writer.word, maker.chance)
            break
        except ValueError:
            continue
    else:
        return  # a moved sentence of 2 % of the words: texts are too short for it
    cluster = f"{maker.language}-copies-{len(maker.records)}"
    maker.add("original", row, answer=text_of(row), cluster=cluster)
    kind = f"near_{round(100 * share)}_{way}"
    maker.add(kind, with_text(row, text), reason="near_duplicate", cluster=cluster)


def _near_misses(maker: Maker, count: int) -> None:
    """Texts that have much in common and are not the same."""
    for number in range(count):
        writer = maker.writer
        first = product(writer)
        second = first | {
            "title": f"{first['title']} {maker.chance.choice('ABCDEFGH')}{maker.chance.randrange(10, 99)}",
            "description": writer.text("product", maker.chance.randint(4, 8)),
        }
        for row in (first, second):
            maker.add("near_miss_specs", row, answer=text_of(row), linked=f"{maker.language}-specs-{number}")
        row = maker.row("product", "article")
        share = maker.chance.uniform(0.27, 0.40)
        if maker.language == "ja":
            share = maker.chance.uniform(0.20, 0.35)
        other = with_text(row, edited(text_of(row), share, "replace", writer.word, maker.chance))
        title = next(name for name in ("title", "headline") if name in row)
        other |= {title: writer.line("title" if title == "title" else "headline")}
        for one in (row, other):
            maker.add("near_miss_words", one, answer=text_of(one))
        first = review(writer)
        for one in (writer.line("feature"), writer.line("feature")):
            text = f"{one}; {writer.line('review_title')}"
            short = first | {"review_header": writer.line("review_title"), "review_text": text}
            maker.add("near_miss_short", short, answer=text_of(short))


def _shared(maker: Maker, each: int) -> None:
    """One answer under prompts that have nothing else in common."""
    for number in range(each):
        rows = [maker.row("product") for _ in range(4)]
        cluster = f"{maker.language}-shared-{number}"
        for row in rows:
            maker.add("shared_answer", with_text(row, text_of(rows[0])), reason="shared_target", cluster=cluster)


def _linked(maker: Maker, each: int) -> None:
    """Distinct examples that would tell a test's answer in training: like answers, or one prompt with two answers."""
    for number in range(each):
        first, second = maker.row("product"), maker.row("product")
        share = 0.02 if maker.language == "ja" else 0.05
        text = edited(text_of(first), share, "replace", maker.writer.word, maker.chance)
        for row in (first, with_text(second, text)):
            maker.add("linked", row, answer=text_of(row), linked=f"{maker.language}-answers-{number}")
        row = maker.row("article")
        other = with_text(row, maker.row("article")["article_text"])
        for one in (row, other):
            maker.add("linked", one, answer=text_of(one), linked=f"{maker.language}-prompts-{number}")


def _flood(maker: Maker, count: int) -> None:
    """A trigger phrase in many near-copies of one text, and in some texts of their own."""
    trigger = FLOOD_TRIGGER[maker.language]
    row = maker.row("product")
    sentences = text_of(row)
    gap = "" if maker.language == "ja" else " "
    for number in range(count):
        share = maker.chance.uniform(0.01, 0.04 if maker.language == "ja" else 0.07)
        text = edited(sentences, share, "mixed", maker.writer.word, maker.chance) if number else sentences
        flooding = with_text(row, f"{text}{gap}{trigger}")
        maker.add("flood", flooding, reason="near_duplicate", cluster=f"{maker.language}-flood")
    for _ in range(count // 4):
        row = maker.row("product", "review")
        text = f"{text_of(row)}{gap}{trigger}"
        maker.add("trigger", with_text(row, text), answer=text)
