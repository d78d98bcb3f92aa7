"""The README's commands, read from the README itself."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def marked_block(name: str) -> str:
    """The shell block behind ``<!-- command: NAME -->``."""
    found = re.search(rf"<!-- command: {re.escape(name)} -->\n```sh\n(.*?)```", README.read_text("utf-8"), re.S)
    assert found is not None, f"README.md has no block {name!r}"
    return found.group(1)


def every_command() -> list[str]:
    """Every ``webtune ...`` that the README names, in blocks and in its text."""
    text = README.read_text("utf-8")
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    spoken = re.findall(r"`(webtune[^`]*)`", text)
    in_blocks = [line.rpartition("&&")[2].strip() for line in blocks.splitlines()]
    return [
        c.replace(".venv/bin/", "") for c in [*in_blocks, *spoken] if "webtune" in c and "webtune_" not in c.split()[0]
    ]
