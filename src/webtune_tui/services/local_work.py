"""Which local jobs of a workspace are at work: told by their folders, so that no server needs to be asked. Blocking."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FINAL = frozenset({"succeeded", "failed", "cancelled"})
_AT_REST = _FINAL | {"paused"}


def jobs_at_work(jobs: Path) -> list[str]:
    """The jobs that run, or wait for a server that is there to run them."""
    has_server = server_pid(jobs) is not None
    found = []
    for spec in sorted(jobs.glob("*/spec.json")):
        if _last_state(spec.parent) in _AT_REST:
            continue
        if has_server or _is_alive(_read(spec.parent / "trainer.json").get("pid")):
            found.append(spec.parent.name)
    return found


def server_pid(jobs: Path) -> int | None:
    """The process of the local engine that serves the folder, while it lives."""
    pid = _read(jobs / "server.json").get("pid")
    return pid if isinstance(pid, int) and _is_alive(pid) else None


def _last_state(folder: Path) -> str:
    """The kind of the last event that says where the job stands."""
    state = ""
    try:
        with (folder / "events.jsonl").open("rb") as lines:
            for line in lines:
                try:
                    kind = str(json.loads(line)["kind"])
                except (ValueError, KeyError, TypeError):
                    continue
                if kind in _AT_REST or kind in ("resumed", "started"):
                    state = kind
    except OSError:
        return ""
    return state


def _read(path: Path) -> Mapping[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    if os.name != "posix":  # there is no harmless signal; the note of a process that ended well is gone
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
