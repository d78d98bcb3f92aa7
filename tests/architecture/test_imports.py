"""What is loaded when: a start must not pay for what it does not use, and the layers must hold."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import webtune_tui

ROOT = Path(__file__).parents[2]
HEAVY = (
    "textual",
    "openai",
    "httpx",
    "httpx2",
    "keyring",
    "pydantic",
    "torch",
    "transformers",
    "trl",
    "peft",
    "datasets",
    "trafilatura",
    "lxml",
    "duckdb",
    "python_calamine",
)

CORE = ("domain", "pipeline", "storage", "credentials", "services", "cli")
"""Packages of which no module may load anything heavy when it is imported; adapters load their library on use."""


def loaded_after(program: str, *arguments: str) -> tuple[str, set[str]]:
    """Runs a program in a fresh interpreter: its own output, and which of the heavy packages it loaded."""
    probe = f"""
import json, sys
try:
    {program}
finally:
    print("\\0" + json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", probe, *arguments], capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"WEBTUNE_WORKSPACE": os.devnull},
    )  # fmt: skip
    assert "\0" in ended.stdout, ended.stderr
    shown, loaded = ended.stdout.split("\0")
    return shown, set(json.loads(loaded))


def modules_of(package: str) -> list[str]:
    folder = Path(webtune_tui.__file__).parent / package
    return sorted(module.name for module in pkgutil.walk_packages([str(folder)], prefix=f"webtune_tui.{package}."))


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("paths",), ("keys", "--help"), ("ledger", "--help")]
)
def test_a_light_command_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    shown, loaded = loaded_after("from webtune_tui.cli.main import main; main()", *arguments)
    assert shown.strip()
    assert loaded == set()


@pytest.mark.parametrize("package", CORE)
def test_importing_every_module_of_the_core_loads_nothing_heavy(package: str) -> None:
    names = modules_of(package)
    assert names
    _, loaded = loaded_after(f"import importlib; [importlib.import_module(name) for name in {names!r}]")
    assert loaded == set()


def test_the_composition_root_loads_nothing_heavy() -> None:
    _, loaded = loaded_after("import webtune_tui.bootstrap")
    assert loaded == set()


def test_a_screen_that_asks_for_a_service_waits_for_no_import(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from functools import cached_property
from pathlib import Path
from webtune_tui import bootstrap
from webtune_tui.settings import Settings

async def run():
    bootstrap.load_all()
    async with bootstrap.open_services(Path(sys.argv[1]), Settings(), command="test") as services:
        before = set(sys.modules)
        names = [name for name, made in vars(bootstrap.Services).items() if isinstance(made, cached_property)]
        for name in names:
            getattr(services, name)
        print(len(names), sorted(name for name in set(sys.modules) - before if name.startswith("webtune_tui")))

asyncio.run(run())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "w")], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "29 []\n"


def test_the_package_itself_imports_nothing() -> None:
    program = "import sys; before = set(sys.modules); import webtune_tui; print(sorted(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "['webtune_tui']\n"


def test_imports_point_downwards_only() -> None:
    """The contracts stand in pyproject.toml; import-linter checks them on the code as it is."""
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert "0 broken" in ended.stdout
