"""Every command of the README, run as it is printed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.readme import ROOT, every_command, marked_block
from tests.servers.local_engine import example_rows
from webtune_tui.cli.command import Parser
from webtune_tui.cli.main import build_parser
from webtune_tui.domain.errors import UsageError


def environment(home: Path) -> dict[str, str]:
    """An empty home, with this interpreter's programs first on the path and no key of this machine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "WEBTUNE_")) and not k.endswith("_TOKEN")}
    return {**kept, "HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run_block(block: str, folder: Path, home: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


@contextmanager
def running(block: str, folder: Path, home: Path) -> Iterator[str]:
    """A command that prints its object first and goes on; gives that first line."""
    process = subprocess.Popen(
        shlex.split(block.strip()), cwd=folder, env=environment(home), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def parse(parser: Parser, words: list[str]) -> None:
    try:
        parser.parse_args(words)
    except SystemExit as end:  # --help and --version end so
        assert end.code in (0, None)


@pytest.mark.parametrize("command", sorted(set(every_command())))
def test_the_readme_names_only_commands_and_flags_that_exist(command: str) -> None:
    words = shlex.split(command)[1:]
    try:
        parse(build_parser(only=words[0] if words and not words[0].startswith("-") else None), words)
    except UsageError as error:
        # a command that the text only mentions may leave its arguments to the reader
        assert "arguments are required" in error.message, f"{command}: {error.message}"


@pytest.mark.slow
@pytest.mark.training
def test_the_commands_for_own_files_tune_and_answer(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    rows = [
        {"title": row["messages"][1]["content"], "text": row["messages"][2]["content"] + f" It is piece {n} of a set."}
        for n, row in enumerate(example_rows(60))
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run_block(marked_block("files"), tmp_path, home, 900)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "succeeded" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_sandbox_commands_collect_records(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with running(marked_block("sandbox"), tmp_path, home) as first_line:
        assert json.loads(first_line)["base_url"] == "http://127.0.0.1:8321"
        done = run_block(marked_block("sandbox-collect"), tmp_path, home, 120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "sandbox" in done.stdout + done.stderr


def test_the_script_of_ci_runs_the_test_command_of_the_readme() -> None:
    assert "<!-- command: tests -->" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert "pytest" in marked_block("tests")
