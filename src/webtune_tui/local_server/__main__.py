"""``python -m webtune_tui.local_server --jobs-dir DIR --models-dir DIR``: run the local engine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout
from starlette.applications import Starlette

from webtune_tui.local_server import VERSION
from webtune_tui.local_server.app import Engine, make_app
from webtune_tui.local_server.chat import Chat, ModelLoader
from webtune_tui.local_server.files import FileStore
from webtune_tui.local_server.inference_client import InferenceClient
from webtune_tui.local_server.jobs import JobStore
from webtune_tui.local_server.models import BaseCatalogue
from webtune_tui.local_server.private_files import (
    FILE_MODE,
    append_private,
    make_private_folder,
    read_json,
    write_json,
)
from webtune_tui.local_server.processes import this_process, usable_cores
from webtune_tui.local_server.security import Guard
from webtune_tui.local_server.supervisor import Supervisor, TrainerCommand

EXIT_ALREADY_RUNNING = 3
BACKLOG = 128

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How the server was started; durations in seconds."""

    jobs_dir: Path
    models_dir: Path
    idle_seconds: float
    inference_idle_seconds: float
    threads: int
    trainer_module: str
    inference_module: str


@dataclass
class Activity:
    """When the last request came, by the monotonic clock."""

    last_request: float = field(default_factory=time.monotonic)

    def note(self) -> None:
        """A request has come."""
        self.last_request = time.monotonic()

    def idle_seconds(self) -> float:
        """Return how long no request has come."""
        return time.monotonic() - self.last_request


def parse_options(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m webtune_tui.local_server", description=__doc__)
    parser.add_argument("--jobs-dir", type=Path, required=True, help="where job folders and server.json are kept")
    parser.add_argument("--models-dir", type=Path, required=True, help="where base models are kept")
    parser.add_argument("--idle-seconds", type=float, default=900, help="end after so long without work (900)")
    parser.add_argument("--inference-idle-seconds", type=float, default=300, help="unload models after (300)")
    parser.add_argument("--threads", type=int, default=usable_cores(), help="threads to compute on (all cores)")
    parser.add_argument("--trainer-module", default="webtune_tui.local_server.trainer", help=argparse.SUPPRESS)
    parser.add_argument("--inference-module", default="webtune_tui.local_server.inference", help=argparse.SUPPRESS)
    options = Options(**vars(parser.parse_args(arguments)))
    if options.threads < 1:
        parser.error("--threads must be at least 1")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is idle or told to end; return the exit code."""
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    os.umask(0o077)
    jobs_dir = make_private_folder(options.jobs_dir.absolute())
    lock = FileLock(jobs_dir / "server.lock", mode=FILE_MODE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = (read_json(jobs_dir / "server.json") or {}).get("pid", "unknown")
        sys.stderr.write(f"A local server (pid {holder}) already serves {jobs_dir}.\n")
        return EXIT_ALREADY_RUNNING
    with lock:
        _log_to(jobs_dir / "server.log")
        asyncio.run(serve(options))
    return 0


async def serve(options: Options) -> None:
    """Serve on a free port of 127.0.0.1; server.json tells port and token while the server runs."""
    jobs_dir = options.jobs_dir.absolute()
    # asyncio turns Nagle off only where the protocol is named; else each answer waits some 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    # who reads server.json may come before uvicorn listens: the kernel keeps the connection until it does
    listener.listen(BACKLOG)
    port: int = listener.getsockname()[1]
    token, activity = secrets.token_urlsafe(32), Activity()

    jobs = JobStore(jobs_dir)
    supervisor = Supervisor(jobs, TrainerCommand(options.trainer_module, options.threads))
    bases = BaseCatalogue(options.models_dir.absolute())
    inference = InferenceClient(
        options.inference_module, jobs_dir / "inference.log", options.threads, options.inference_idle_seconds
    )
    files = FileStore(jobs_dir / ".files", jobs.result_files)
    engine = Engine(files, jobs, bases, supervisor, Chat(ModelLoader(bases, jobs), inference))

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(_supervise(supervisor)),
            asyncio.create_task(_end_when_idle(server, activity, supervisor, inference, options.idle_seconds)),
        ]
        _announce(jobs_dir / "server.json", port, token)
        try:
            yield
        finally:
            (jobs_dir / "server.json").unlink(missing_ok=True)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await inference.close()
            _logger.info("ended")

    guarded = Guard(make_app(engine, lifespan), token=token, port=port, on_request=activity.note)
    config = uvicorn.Config(
        guarded,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
    )
    server = uvicorn.Server(config)
    await server.serve(sockets=[listener])


def _announce(path: Path, port: int, token: str) -> None:
    process = this_process()
    write_json(
        path,
        {
            "pid": process.pid,
            "pid_started": process.started,
            "port": port,
            "base_url": f"http://127.0.0.1:{port}/v1",
            "token": token,
            "started_at": time.time(),
            "version": VERSION,
        },
    )
    _logger.info("serving on port %d", port)


async def _supervise(supervisor: Supervisor) -> None:
    """Keep the supervisor at work; a fault in one look is logged and does not end the server."""
    while True:
        try:
            await supervisor.run()
        except (OSError, KeyError, ValueError, TypeError):
            # A full disk or a job folder that somebody has edited must not stop the other jobs.
            _logger.exception("looking after the jobs failed; trying again")
            await asyncio.sleep(1)


async def _end_when_idle(
    server: uvicorn.Server,
    activity: Activity,
    supervisor: Supervisor,
    inference: InferenceClient,
    limit: float,
) -> None:
    while not server.should_exit:
        await asyncio.sleep(min(limit / 4, 5))
        if inference.is_answering() or supervisor.is_busy():
            activity.note()
        elif activity.idle_seconds() > limit:
            _logger.info("idle for %.0f s", limit)
            server.should_exit = True


def _log_to(path: Path) -> None:
    descriptor = append_private(path)
    os.close(descriptor)
    path.chmod(FILE_MODE)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    sys.exit(main())
