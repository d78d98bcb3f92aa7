"""The studio's previews on a real workspace: what a template and single steps make of its records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from webtune_tui.bootstrap import Services, open_services
from webtune_tui.domain.errors import UsageError
from webtune_tui.settings import Settings

TEXTS = {"system": "", "user": "About {title}", "assistant": "{description}"}
TEMPLATE = {f"template.{part}": text for part, text in TEXTS.items() if text}
WORDS = ("oak", "steel", "linen", "copper", "glass", "cork", "wool", "clay", "brass", "pine", "slate", "felt")


def sentence(number: int) -> str:
    """A sentence like no other, with the words of running text."""
    told = " ".join(f"{WORDS[(number * 5 + n * n) % 12]}{(number * 31 + n) % 97}" for n in range(14))
    return f"This {WORDS[number % 12]} piece number {number} is made of {told} and lasts for years of daily use."


LONG = " ".join(map(sentence, range(60)))


def rows() -> list[dict[str, object]]:
    products = [
        {"title": f"Kettle {n}", "description": f"It holds {n} litres and boils them quickly.", "tags": ["a", f"b{n}"]}
        for n in range(30)
    ]
    return [
        *products,
        {"title": "Empty one", "description": ""},
        {"title": "Long one", "description": LONG},
        {"title": "Copy", "description": "It holds 3 litres and boils them quickly."},
    ]


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows())), encoding="utf-8")
    async with open_services(tmp_path / "shop", Settings(), command="test") as opened:
        async with aclosing(opened.imports.run([file])) as events:
            async for _ in events:
                pass
        yield opened


async def test_the_studio_shows_fields_rows_cuts_and_refusals(services: Services) -> None:
    studio = services.studio
    fields = {one.path: one for one in await studio.fields()}
    assert fields["title"].share == 1 and fields["tags[]"].sample and fields["description"].words > 5

    longest = await studio.choose(TEXTS, "longest", count=1)
    assert longest is not None
    found = await studio.preview(TEXTS, longest)
    assert found is not None
    (row,) = found.rows
    assert row.title == "Long one" and row.is_cut and row.tokens < row.tokens_built
    assert row.messages[-1].content.startswith(row.answer) and row.answer.endswith(".")

    worst = await studio.choose(TEXTS, "worst", count=1)
    assert worst is not None
    found = await studio.preview(TEXTS, worst)
    assert found is not None and [one.reason for one in found.rows] == ["empty"] and found.refused == 1

    for choice in ("random", "shortest"):
        chosen = await studio.choose(TEXTS, choice, count=5, seed=3)
        assert chosen is not None and len(set(chosen)) == 5


async def test_a_template_that_can_not_be_read_is_told_and_the_next_one_works(services: Services) -> None:
    chosen = await services.studio.choose(None, "random", count=3)
    assert chosen is not None
    with pytest.raises(UsageError, match="is no field"):
        await services.studio.preview({**TEXTS, "user": "{a..b}"}, chosen)
    found = await services.studio.preview(TEXTS, chosen)
    assert found is not None and len(found.rows) == 3


async def test_of_many_questions_the_newest_is_answered_and_none_is_left_waiting(services: Services) -> None:
    chosen = await services.studio.choose(None, "random", count=5)
    assert chosen is not None
    asked = [services.studio.preview({**TEXTS, "user": f"Number {n} {{title}}"}, chosen) for n in range(30)]
    answers = await asyncio.gather(*asked)
    assert answers[-1] is not None and answers[-1].rows[0].messages[0].content.startswith("Number 29 ")


async def test_a_step_is_previewed_with_what_it_drops_and_changes(services: Services) -> None:
    shared = await services.studio.step(TEMPLATE, "shared_targets")
    assert shared is not None and shared.rows_in - shared.rows_out == len(shared.dropped) == 1
    assert shared.dropped[0].other[-1].content == shared.dropped[0].before[-1].content

    budget = await services.studio.step({**TEMPLATE, "steps.token_budget.enabled": "false"}, "token_budget")
    assert budget is not None and budget.changed == 1
    (cut,) = budget.altered
    assert len(cut.after[-1].content) < len(cut.before[-1].content)

    empty = await services.studio.step(TEMPLATE, "empty_targets")
    assert empty is not None and [one.reason for one in empty.dropped] == ["empty"]


async def test_the_program_starts_again_after_it_was_ended(services: Services) -> None:
    assert await services.studio.fields()
    await services.studio.aclose()
    assert await services.studio.fields()
