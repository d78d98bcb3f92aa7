"""What every module and every command has."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import webtune_tui
from webtune_tui import registry
from webtune_tui.cli.main import run

SOURCE = Path(webtune_tui.__file__).parent
MODULES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
COMMANDS = [name.rstrip("_").replace("_", "-") for name in registry.names("cli.commands")]


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that crashes here leaves its report in the test's folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.parametrize("module", [name for name in MODULES if not name.endswith("__init__.py")])
def test_every_module_says_what_it_is_for(module: str) -> None:
    tree = ast.parse((SOURCE / module).read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{module} has no docstring"


@pytest.mark.parametrize("module", [name for name in MODULES if name.endswith("__init__.py")])
def test_a_package_with_code_says_what_it_is_for(module: str) -> None:
    text = (SOURCE / module).read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{module} has no docstring"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_starts_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "examples:"
    assert second.startswith(f"  webtune {command}") or "webtune" in second


def test_the_help_of_the_program_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("examples:\n")
    assert [name for name in COMMANDS if f"\n    {name} " not in printed] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_common_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    printed = capsys.readouterr().out
    for flag in ("--workspace", "--json", "--yes", "--no-input", "--quiet", "--verbose"):
        assert flag in printed


def test_the_licence_is_the_one_that_the_package_names() -> None:
    root = Path(__file__).parents[2]
    licence = (root / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence and "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert 'license = "Apache-2.0"' in (root / "pyproject.toml").read_text(encoding="utf-8")
