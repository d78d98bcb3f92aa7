"""Counting a version as a program of its own, so that a screen stays quick meanwhile. It writes nothing."""

from __future__ import annotations

import gc
from dataclasses import asdict
from pathlib import Path

from webtune_tui.domain.errors import NotFound, WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.services import program_side
from webtune_tui.services.program_side import failure_body, tell
from webtune_tui.services.statistics_run import StatisticsRun
from webtune_tui.services.worker_pool import GARBAGE_THRESHOLDS
from webtune_tui.storage.database import Database
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.files import storage_error


def main() -> None:
    """Runs one request."""
    asked = program_side.request()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    root = Path(asked["workspace"])
    database = Database(root / "workspace.db", read_only=True)
    try:
        revision = DatasetStore(database).find(asked["content_hash"])
        if revision is None:
            raise NotFound("The dataset version is gone", hint="See: webtune dataset list")
        run = StatisticsRun(database, has_languages=asked["has_languages"])
        for event in run.whole(revision) if asked["is_anew"] else run.events(revision):
            if isinstance(event, Progressed):
                tell("progressed", asdict(event))
            else:
                tell("counted", event.to_plain())
    except WebtuneError as error:
        tell("failed", failure_body(error))
    except OSError as error:
        tell("failed", failure_body(storage_error(root, error)))
    finally:
        database.close()


if __name__ == "__main__":
    main()
