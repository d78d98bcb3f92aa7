"""Triage as a program of its own, so that a screen stays quick meanwhile. It writes nothing."""

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
from webtune_tui.domain.events import Progressed
from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.storage.database import Database
from webtune_tui.storage.files import storage_error
from webtune_tui.storage.workspace import Workspace


def main() -> None:
    """Runs one request."""
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    root = Path(asked["workspace"])
    database = Database(root / "workspace.db", read_only=True)
    try:
        # compiled libraries that the app does without
        from webtune_tui.services.triage_run import TriageRun
        from webtune_tui.services.worker_pool import GARBAGE_THRESHOLDS

        gc.set_threshold(*GARBAGE_THRESHOLDS)
        counter = counter_for(asked["base_model"], Path(asked["models"]))
        for event in TriageRun(Workspace(root, database, None, None), counter, asked["workers"]).events():
            _tell("progressed" if isinstance(event, Progressed) else "triaged", asdict(event))
    except WebtuneError as error:
        _tell("failed", _error_body(error))
    except OSError as error:
        _tell("failed", _error_body(storage_error(root, error)))
    finally:
        database.close()


def raised(body: Mapping[str, Any]) -> WebtuneError:
    """The error that ended the run."""
    known = getattr(errors, body["class"], InternalFault)
    error: WebtuneError = known(body["message"], hint=body["hint"])
    return error


def _error_body(error: WebtuneError) -> Mapping[str, Any]:
    return {"class": type(error).__name__, "message": error.message, "hint": error.hint}


def _tell(kind: str, body: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps([kind, body]).encode() + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    while os.read(0, 65_536):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
