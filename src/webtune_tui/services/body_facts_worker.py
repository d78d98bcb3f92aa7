"""Looking at messages as a program of its own, so that a screen stays quick meanwhile.

The parent holds the workspace's lock and keeps stdin open; the end of stdin is the end of the work.
"""

from __future__ import annotations

import gc
from dataclasses import asdict
from pathlib import Path

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.services.program_side import failure_body, request, tell
from webtune_tui.storage.body_facts import Extent
from webtune_tui.storage.database import Database
from webtune_tui.storage.files import storage_error


def main() -> None:
    """Runs one request."""
    asked = request()
    from webtune_tui.services.body_facts_run import FactsRun
    from webtune_tui.services.worker_pool import GARBAGE_THRESHOLDS

    gc.set_threshold(*GARBAGE_THRESHOLDS)
    root = Path(asked["workspace"])
    database = Database(root / "workspace.db", read_only=False)
    try:
        for event in FactsRun(database).events(Extent(*asked["extent"]), asked["workers"]):
            tell("looked", asdict(event))
    except WebtuneError as error:
        tell("failed", failure_body(error))
    except OSError as error:
        tell("failed", failure_body(storage_error(root, error)))
    finally:
        database.close()


if __name__ == "__main__":
    main()
