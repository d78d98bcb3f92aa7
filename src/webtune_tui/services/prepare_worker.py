"""Prepare as a program of its own, so that a screen stays quick while it works.

The parent holds the workspace's lock, sends one JSON request on stdin and keeps stdin open; events come back on stdout,
one JSON object a line. The program ends with its parent: the end of stdin is the end of the work.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.domain import errors
from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.errors import InternalFault, WebtuneError
from webtune_tui.domain.events import Noted, Prepared, PrepareEvent, Progressed
from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.services import program_side
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.program_side import failure_body
from webtune_tui.storage.database import Database
from webtune_tui.storage.files import storage_error
from webtune_tui.storage.workspace import Workspace

_TURN_SECONDS = 0.0005  # the thread that stores asks for a turn every millisecond and waits ten times as long otherwise


def request_line(workspace: Path, base_model: str, models: Path, request: PrepareRequest) -> bytes:
    """The request of a run, as the program reads it."""
    body = {
        "workspace": str(workspace),
        "base_model": base_model,
        "models": str(models),
        "recipe": str(request.recipe.absolute()) if request.recipe else None,
        "seed": request.seed,
        "sample": request.sample,
        "workers": request.workers,
    }
    return json.dumps(body).encode() + b"\n"


def read_event(line: bytes) -> PrepareEvent:
    """The event of a line. Raises the error that ended the run, where the line tells one."""
    kind, body = json.loads(line)
    match kind:
        case "progressed":
            return Progressed(**body)
        case "noted":
            return Noted(**body)
        case "prepared":
            return Prepared(PrepareReport(**{**body, "notes": tuple(body["notes"])}))
    raised = getattr(errors, body.pop("class"), InternalFault)
    raise raised(body["message"], hint=body["hint"], fields=body["fields"])


def main() -> None:
    """Runs one request."""
    asked = program_side.request()
    root = Path(asked["workspace"])
    database = Database(root / "workspace.db", read_only=False)
    request = PrepareRequest(
        recipe=Path(asked["recipe"]) if asked["recipe"] else None,
        seed=asked["seed"],
        sample=asked["sample"],
        workers=asked["workers"],
    )
    try:
        # compiled libraries that the app does without
        from webtune_tui.services.prepare_run import PrepareRun
        from webtune_tui.services.worker_pool import GARBAGE_THRESHOLDS

        gc.set_threshold(*GARBAGE_THRESHOLDS)
        sys.setswitchinterval(_TURN_SECONDS)
        counter = counter_for(asked["base_model"], Path(asked["models"]))
        for event in PrepareRun(Workspace(root, database, None, None), counter, request).events():
            _tell(sys.stdout.buffer, *_event_body(event))
    except WebtuneError as error:
        _tell(sys.stdout.buffer, "failed", _error_body(error))
    except OSError as error:
        _tell(sys.stdout.buffer, "failed", _error_body(storage_error(root, error)))
    finally:
        database.close()


def _event_body(event: PrepareEvent) -> tuple[str, dict[str, Any]]:
    from dataclasses import asdict

    match event:
        case Prepared(report):
            return "prepared", asdict(report)
        case _:
            return type(event).__name__.lower(), asdict(event)


def _error_body(error: WebtuneError) -> dict[str, Any]:
    return {**failure_body(error), "fields": error.fields}


def _tell(stream: BinaryIO, kind: str, body: dict[str, Any]) -> None:
    stream.write(json.dumps([kind, body], default=str).encode() + b"\n")
    stream.flush()


if __name__ == "__main__":
    main()
