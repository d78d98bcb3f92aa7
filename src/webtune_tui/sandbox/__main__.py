"""`python -m webtune_tui.sandbox`: the loopback Bright Data as a program of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from webtune_tui.sandbox.server import serve

EXIT_USAGE = 2


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be greater than zero")
    return number


def not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m webtune_tui.sandbox",
        description="A loopback server that speaks the Bright Data API from bundled, invented sample records.",
        epilog="Any bearer key of 8 characters or more is accepted; one that starts with `bad` is refused with 401, "
        "with `forbidden` 403, with `broke` 402 on calls that cost money, with `limited` 403 on the balance.",
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--state", type=Path, metavar="DIR", help="remember snapshots and triggers here")
    parser.add_argument(
        "--speed", type=positive, default=1.0, metavar="X", help="the service's clock runs X times faster"
    )
    parser.add_argument(
        "--ready-lag", type=not_negative, default=1.0, metavar="SECONDS", help="how long `ready` still answers 202"
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")
    return parser


def announce(about: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(about) + "\n")
    sys.stdout.flush()


def watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Sets ``stop`` when the other end of stdin is gone."""
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


async def run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    if options.until_stdin_closes:
        threading.Thread(target=watch_stdin, args=(asyncio.get_running_loop(), stop), daemon=True).start()
    await serve(options.port, options.state, options.speed, ready_lag=options.ready_lag, announce=announce, stop=stop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is stopped; exit code 2 when the port or the folder can't be used."""
    options = make_parser().parse_args(arguments)
    try:
        asyncio.run(run(options))
    except KeyboardInterrupt:
        return 130
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"The sandbox can't start: {error}. Choose another --port or --state.\n")
        return EXIT_USAGE
    return 0


if __name__ == "__main__":
    sys.exit(main())
