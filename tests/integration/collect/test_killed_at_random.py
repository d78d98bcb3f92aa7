"""Killed fifty times at random steps: the same records in the end as without, and one trigger."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.brightdata import FaultyBrightData
from webtune_tui.storage.database import Database

ROWS, KILLS, MOST_KILLS_OF_ONE = 3500, 50, 6
SEED = 20261126
COLLECT = (
    "collect",
    "brightdata",
    "--scraper",
    "amazon-products",
    "--input",
    "category_url=https://www.amazon.com/gp/bestsellers/office-products",
    "--yes",
    "--json",
)
RESUME = ("collect", "resume", "--json")
SETTINGS = "[collect]\nbatches_from_records = 2000\nrecords_per_batch = 1000\nlisting_seconds = 0.0\n"


class Journey:
    """One workspace with a service of its own, and the programs that are run on it."""

    def __init__(self, folder: Path, service: FaultyBrightData) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir(parents=True)
        (self.workspace / "webtune.toml").write_text(SETTINGS)
        names = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
        self.environment = (
            os.environ
            | {name: str(folder / name.lower()) for name in names}
            | {
                "WEBTUNE_BRIGHTDATA_URL": service.base_url,
                "BRIGHTDATA_API_TOKEN": "sandbox-key-123",
                "WEBTUNE_POLL_SECONDS": "0.01",
                "WEBTUNE_WORKSPACE": str(self.workspace),
            }
        )

    def run(self, option: str, value: str, command: tuple[str, ...]) -> tuple[int, dict[str, object]]:
        """The program until its end or its death: its code and its JSON object, if it lived to print one."""
        ended = subprocess.run(
            [sys.executable, "-m", "tests.servers.doomed", option, value, *command],
            env=self.environment,
            capture_output=True,
            timeout=90,
        )
        assert ended.returncode in (0, 1, 3, 6, -signal.SIGKILL), ended.stderr.decode()[-3000:]
        return ended.returncode, json.loads(ended.stdout) if ended.stdout else {}

    def steps(self, command: tuple[str, ...]) -> int:
        """How many steps a run takes that nobody kills."""
        counted = self.folder / "steps"
        code, _ = self.run("--count", str(counted), command)
        assert code == 0
        return int(counted.read_text())

    def records(self) -> set[tuple[str, str]]:
        """What is stored, without the marks of this one run."""
        with closing(Database(self.workspace / "workspace.db", read_only=True)) as database, database.read() as reading:
            rows = reading.execute("SELECT kind, fields FROM records").fetchall()
        stored = [(row["kind"], row["fields"]) for row in rows]
        assert len(stored) == len(set(stored)), "a record is stored twice"
        return set(stored)

    def states(self) -> list[str]:
        """The states of the collections, oldest first; none where no start came so far."""
        path = self.workspace / "workspace.db"
        if not path.exists():
            return []
        with closing(Database(path, read_only=True)) as database, database.read() as reading:
            if reading.execute("SELECT 1 FROM sqlite_master WHERE name = 'collections'").fetchone() is None:
                return []
            rows = reading.execute("SELECT state FROM collections ORDER BY created_at, collection_id").fetchall()
        return [row["state"] for row in rows]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_kills_at_random_steps_change_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with FaultyBrightData(records=ROWS) as service:
        clean = Journey(tmp_path / "clean", service)
        steps = clean.steps(COLLECT)
        expected = clean.records()
    assert len(expected) == ROWS and steps > 60
    kills = journeys = 0
    while kills < KILLS:
        journeys += 1
        assert journeys < 60, f"only {kills} kills in {journeys} journeys of {steps} steps"
        with FaultyBrightData(records=ROWS) as service:
            journey = Journey(tmp_path / f"journey{journeys}", service)
            kills += kill_often(journey, service, steps, chance)
            assert service.triggers == service.requests["trigger"] == 1
            assert journey.records() == expected
            raw = journey.workspace / "raw"
            assert not list(raw.rglob("*.part")) and not list(raw.rglob("parts")), "nothing is left over"
            assert journey.states()[-1] == "ready"


def kill_often(journey: Journey, service: FaultyBrightData, steps: int, chance: random.Random) -> int:
    """Starts and resumes with a kill at a random step each, up to the end; how many kills there were."""
    kills = 0
    is_started = False
    while True:
        command = RESUME if is_started else COLLECT
        if kills < MOST_KILLS_OF_ONE:
            code, body = journey.run("--step", str(chance.randint(1, steps * 2 // 3 if is_started else steps)), command)
        else:
            code, body = journey.run("--at", "nowhere", command)
        kills += code == -signal.SIGKILL
        if code == 0 and body.get("state") == "ready":
            return kills
        if code == -signal.SIGKILL:
            is_started = journey.states()[-1:] not in ([], ["cancelled"], ["failed"])
            if journey.states()[-1:] == ["ready"]:
                return kills
        elif body.get("state") in ("cancelled", "failed") or not body.get("collections", True):
            assert service.requests["trigger"] == 0, (code, body)  # it was never sent: a person starts it again
            is_started = False
