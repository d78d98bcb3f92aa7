"""Kill -9 in a run of prepare in two processes: nothing of it lives on, and the next run gives what it would have."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.prepare.stalling import Family, Prepared, head_of, left_in, prepared_again, started
from tests.servers.stalled import NOWHERE, PLACES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
]

KILLS, SEED = 8, 20261126


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("victim", ["command", "run"])
async def test_nothing_lives_on_and_nothing_is_left_when_a_parent_is_killed(
    original: Prepared, tmp_path: Path, victim: str, place: str
) -> None:
    root = original.copied(tmp_path)
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
    assert head_of(root) == (original.unbroken if place == "published" else original.before)
    assert await prepared_again(root) == original.unbroken


@pytest.mark.parametrize("place", PLACES)
async def test_a_run_whose_worker_is_killed_ends_in_words_or_needs_it_no_more(
    original: Prepared, tmp_path: Path, place: str
) -> None:
    root = original.copied(tmp_path)
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
        assert place != "reading" and told["content_hash"] == original.unbroken == head_of(root)
    else:
        assert process.returncode == 70 and "ended from outside" in told["error"]["message"]
        assert "--workers 1" in told["error"]["hint"]
        assert head_of(root) == original.before
    assert left_in(root) == []
    assert await prepared_again(root) == original.unbroken


async def test_killed_at_any_time_the_next_run_gives_what_an_unbroken_one_would(
    original: Prepared, tmp_path: Path
) -> None:
    root = original.copied(tmp_path / "unbroken")
    family = Family(root.parent / "pipes", NOWHERE)
    began = time.monotonic()
    with started(family, root, "prepare", "--workers", "2") as process:
        process.communicate(timeout=60)
    seconds = time.monotonic() - began
    assert process.returncode == 0 and head_of(root) == original.unbroken
    chance = random.Random(SEED)
    root = original.copied(tmp_path / "killed")
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
        assert head_of(root) in (original.before, original.unbroken)
    assert killed
    assert await prepared_again(root) == original.unbroken


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_triage_that_is_ended_leaves_no_process_and_no_file(
    original: Prepared, tmp_path: Path, number: signal.Signals
) -> None:
    root = original.copied(tmp_path)
    family = Family(tmp_path / "pipes", NOWHERE)
    with started(family, root, "dataset", "triage", "--workers", "2") as process:
        while len(family.workers()) < 2:
            assert process.poll() is None, "it ended before it could be ended"
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (-number if number is signal.SIGKILL else 143)
    family.wait_until_ended()
    assert left_in(root) == [] and head_of(root) == original.before
