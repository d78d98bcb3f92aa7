"""Triage as a program of its own, so that a screen stays quick meanwhile. It writes nothing."""

from __future__ import annotations

import gc
from dataclasses import asdict
from pathlib import Path

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.services import program_side
from webtune_tui.services.program_side import failure_body, tell
from webtune_tui.storage.database import Database
from webtune_tui.storage.files import storage_error
from webtune_tui.storage.workspace import Workspace


def main() -> None:
    """Runs one request."""
    asked = program_side.request()
    root = Path(asked["workspace"])
    database = Database(root / "workspace.db", read_only=True)
    try:
        # compiled libraries that the app does without
        from webtune_tui.services.triage_run import TriageRun
        from webtune_tui.services.worker_pool import GARBAGE_THRESHOLDS

        gc.set_threshold(*GARBAGE_THRESHOLDS)
        counter = counter_for(asked["base_model"], Path(asked["models"]))
        for event in TriageRun(Workspace(root, database, None, None), counter, asked["workers"]).events():
            tell("progressed" if isinstance(event, Progressed) else "triaged", asdict(event))
    except WebtuneError as error:
        tell("failed", failure_body(error))
    except OSError as error:
        tell("failed", failure_body(storage_error(root, error)))
    finally:
        database.close()


if __name__ == "__main__":
    main()
