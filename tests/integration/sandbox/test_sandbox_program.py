"""The sandbox as a program of its own: first line, kill and restart, end with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from webtune_tui.sandbox.process import SandboxProcess
from webtune_tui.sandbox.server import open_socket, serve

PATIENCE = 30
HEADERS = {"authorization": "Bearer sandbox-key"}
TRIGGER = "/datasets/v3/trigger?dataset_id=gd_l7q7dkf244hwjntr0&type=discover_new&discover_by=keyword&limit_per_input=3"


def call(base_url: str, method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, base_url + path, headers=HEADERS, trust_env=False, **more)


def test_a_kill_and_a_restart_on_the_same_port_know_the_one_trigger(tmp_path: Path) -> None:
    with SandboxProcess.start(state=tmp_path, speed=100) as first:
        snapshot_id = call(first.base_url, "POST", TRIGGER, json=[{"keyword": "kettle"}]).json()["snapshot_id"]
        first.process.kill()
        first.process.wait(PATIENCE)
    port = int(first.base_url.rsplit(":", 1)[1])
    with SandboxProcess.start(state=tmp_path, port=port, speed=100) as second:
        assert second.base_url == first.base_url
        while call(second.base_url, "GET", f"/datasets/v3/snapshot/{snapshot_id}").status_code == 202:
            pass
        stats = call(second.base_url, "GET", "/sandbox/stats").json()
    assert (stats["triggers"], stats["downloads"]) == (1, 1)
    assert stats["snapshots"][0]["id"] == snapshot_id


def test_the_first_line_is_one_json_object_with_the_address() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "webtune_tui.sandbox"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    about = json.loads(process.stdout.readline())
    try:
        assert about["base_url"] == f"http://127.0.0.1:{about['port']}"
        assert call(about["base_url"], "GET", "/status").status_code == 200
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=PATIENCE)
    assert rest == b""
    assert process.returncode == -signal.SIGTERM


def test_it_ends_when_its_parent_dies() -> None:
    sandbox = SandboxProcess.start()
    assert sandbox.process.stdin is not None
    sandbox.process.stdin.close()
    assert sandbox.process.wait(PATIENCE) == 0
    sandbox.stop()


def test_the_program_that_starts_it_loads_no_web_server() -> None:
    look = "import sys, webtune_tui.sandbox.process; sys.exit('uvicorn' in sys.modules or 'starlette' in sys.modules)"
    subprocess.run([sys.executable, "-c", look], check=True, timeout=PATIENCE)


def test_a_taken_port_is_said_and_exits_with_2() -> None:
    with open_socket() as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "webtune_tui.sandbox", "--port", str(port)]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "The sandbox can't start" in finished.stderr
    assert "--port" in finished.stderr


def test_starting_on_a_taken_port_raises_with_the_reason() -> None:
    with open_socket() as taken, pytest.raises(OSError, match="the sandbox did not start: The sandbox can't start"):
        SandboxProcess.start(port=taken.getsockname()[1])


@pytest.mark.parametrize(
    "arguments", [["--speed", "0"], ["--speed", "nan"], ["--ready-lag", "-1"], ["--port", "99999"]]
)
def test_values_that_make_no_sense_exit_with_2(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "webtune_tui.sandbox", *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert finished.returncode == 2
    assert finished.stdout == ""


def test_only_loopback_is_listened_on() -> None:
    with open_socket() as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


async def test_it_can_be_served_inside_another_program(tmp_path: Path) -> None:
    stop, told = asyncio.Event(), asyncio.Queue[dict[str, object]]()
    task = asyncio.create_task(serve(state=tmp_path, speed=10, announce=told.put_nowait, stop=stop))
    about = await asyncio.wait_for(told.get(), PATIENCE)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{about['base_url']}/status", headers=HEADERS)
    stop.set()
    await asyncio.wait_for(task, PATIENCE)
    assert answer.headers["x-webtune-sandbox"] == "1"
    assert about["pid"] == os.getpid()
    assert about["state"] == str(tmp_path)
