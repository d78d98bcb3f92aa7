"""A workspace with imported and prepared records, made once for the tests of a module and copied for each."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

from tests.unit.services.records_in import product
from webtune_tui.bootstrap import open_services
from webtune_tui.settings import Settings

COUNT = 14


def product_lines() -> list[str]:
    """One JSON object a line, a broken line second."""
    found = [json.dumps(product(number, url=f"https://shop.example/{number}")) for number in range(COUNT)]
    found.insert(1, '{"broken": \x1b[2J')
    return found


def make_prepared(folder: Path) -> Path:
    """The workspace ``folder/workspace`` with a dataset made of ``folder/rows.jsonl``."""
    rows = folder / "rows.jsonl"
    rows.write_text("\n".join(product_lines()) + "\n")

    async def make() -> None:
        async with open_services(folder / "workspace", Settings(), command="test") as services:
            async with aclosing(services.imports.run([rows])) as imported:
                async for _ in imported:
                    pass
            async with aclosing(services.prepare.run()) as prepared:
                async for _ in prepared:
                    pass

    asyncio.run(make())
    return folder / "workspace"
