"""Starts the sandbox as a child and learns its address; loads nothing of the server itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 30.0


@dataclass(slots=True)
class SandboxProcess:
    """A sandbox running as a child; it ends with :meth:`stop`, and by itself when this process dies."""

    base_url: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, *, port: int = 0, state: Path | None = None, speed: float = 1.0, ready_lag: float = 1.0) -> Self:
        """Starts it and waits for its address; blocks for about half a second.

        Raises:
            OSError: it ended or stayed silent instead of naming its address.
        """
        command = [sys.executable, "-m", "webtune_tui.sandbox", "--until-stdin-closes", "--port", str(port)]
        command += ["--speed", str(speed), "--ready-lag", str(ready_lag)]
        command += ["--state", str(state)] if state else []
        with tempfile.TemporaryFile() as complaints:  # a pipe that nobody reads would fill up and stop it
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
            line = first_line(process)
            if line:
                return cls(json.loads(line)["base_url"], process)
            cls("", process).stop()
            complaints.seek(0)
            reason = complaints.read().decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise OSError(f"the sandbox did not start: {reason[0]}")

    def stop(self) -> None:
        """Ends it and waits for the end."""
        self.process.terminate()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The first line of its stdout; nothing when it ends or stays silent for START_SECONDS."""
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        return process.stdout.readline() if process.stdout else b""
    finally:
        timer.cancel()
