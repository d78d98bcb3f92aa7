"""Kill -9 in a run of prepare in two processes: nothing of it lives on, and the next run gives what it would have."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.prepare.stalling import Family, Prepared, head_of, left_in, prepared, prepared_again, started
from tests.servers.stalled import NOWHERE, PLACES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
]

KILLS, SEED = 8, 20261126


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("killed")


_made: dict[Path, Prepared] = {}


async def copy_of(folder: Path, name: str) -> tuple[Prepared, Path]:
    made = _made.get(folder) or _made.setdefault(folder, await prepared(folder / "made"))
    return made, Path(shutil.copytree(made.root, folder / name / "workspace"))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("victim", ["command", "run"])
async def test_nothing_lives_on_and_nothing_is_left_when_a_parent_is_killed(
    folder: Path, victim: str, place: str
) -> None:
    made, root = await copy_of(folder, f"{victim}-{place}")
    family = Family(root.parent / "pipes", place)
    with started(family, root, "prepare", "--workers", "2") as process:
        family.wait_until_reached()
        assert len(family.workers()) == 2
        os.kill(process.pid if victim == "command" else family.run(), signal.SIGKILL)
        out, _ = process.communicate(timeout=60)
    family.wait_until_ended()
    if victim == "command":
        assert process.returncode == -signal.SIGKILL and out == b""
    else:
        assert process.returncode == 70 and "ended" in json.loads(out)["error"]["message"]
    assert left_in(root) == []
    assert head_of(root) == (made.unbroken if place == "published" else made.before)
    assert await prepared_again(root) == made.unbroken


@pytest.mark.parametrize("place", PLACES)
async def test_a_run_whose_worker_is_killed_ends_in_words_or_needs_it_no_more(folder: Path, place: str) -> None:
    made, root = await copy_of(folder, f"worker-{place}")
    family = Family(root.parent / "pipes", place)
    with started(family, root, "prepare", "--workers", "2") as process:
        family.wait_until_reached()
        os.kill(family.workers()[0], signal.SIGKILL)
        family.let_go()
        out, err = process.communicate(timeout=60)
    family.wait_until_ended()
    assert b"Traceback" not in err
    told = json.loads(out)
    if process.returncode == 0:
        assert place != "reading" and told["content_hash"] == made.unbroken == head_of(root)
    else:
        assert process.returncode == 70 and "ended from outside" in told["error"]["message"]
        assert "--workers 1" in told["error"]["hint"]
        assert head_of(root) == made.before
    assert left_in(root) == []
    assert await prepared_again(root) == made.unbroken


async def test_killed_at_any_time_the_next_run_gives_what_an_unbroken_one_would(folder: Path) -> None:
    made, root = await copy_of(folder, "unbroken-run")
    family = Family(root.parent / "pipes", NOWHERE)
    began = time.monotonic()
    with started(family, root, "prepare", "--workers", "2") as process:
        process.communicate(timeout=60)
    seconds = time.monotonic() - began
    assert process.returncode == 0 and head_of(root) == made.unbroken
    chance = random.Random(SEED)
    _, root = await copy_of(folder, "at-any-time")
    killed = 0
    for number in range(KILLS):
        family = Family(root.parent / f"pipes-{number}", NOWHERE)
        with started(family, root, "prepare", "--workers", "2") as process:
            try:
                process.communicate(timeout=seconds * chance.uniform(0.3, 1.0))
            except subprocess.TimeoutExpired:
                killed += 1
                process.kill()
        family.wait_until_ended()
        assert left_in(root) == []
        assert head_of(root) in (made.before, made.unbroken)
    assert killed
    assert await prepared_again(root) == made.unbroken
