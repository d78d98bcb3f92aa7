"""Looking at messages as a program of its own, so that a screen stays quick meanwhile.

The parent holds the workspace's lock and keeps stdin open; the end of stdin is the end of the work.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webtune_tui.domain import errors
from webtune_tui.domain.errors import InternalFault, WebtuneError
from webtune_tui.storage.body_facts import Extent
from webtune_tui.storage.database import Database
from webtune_tui.storage.files import storage_error


def main() -> None:
    """Runs one request."""
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from webtune_tui.services.body_facts_run import FactsRun
    from webtune_tui.services.worker_pool import GARBAGE_THRESHOLDS

    gc.set_threshold(*GARBAGE_THRESHOLDS)
    root = Path(asked["workspace"])
    database = Database(root / "workspace.db", read_only=False)
    try:
        for event in FactsRun(database).events(Extent(*asked["extent"]), asked["workers"]):
            _tell("looked", asdict(event))
    except WebtuneError as error:
        _tell("failed", {"class": type(error).__name__, "message": error.message, "hint": error.hint})
    except OSError as error:
        failed = storage_error(root, error)
        _tell("failed", {"class": type(failed).__name__, "message": failed.message, "hint": failed.hint})
    finally:
        database.close()


def raised(body: Mapping[str, Any]) -> WebtuneError:
    """The error that ended the run."""
    known = getattr(errors, body["class"], InternalFault)
    error: WebtuneError = known(body["message"], hint=body["hint"])
    return error


def _tell(kind: str, body: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps([kind, body]).encode() + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    while os.read(0, 65_536):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
