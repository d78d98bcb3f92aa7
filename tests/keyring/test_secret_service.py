"""``webtune keys`` against a real Secret Service, each command in a process and a session of its own."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.keyring.conftest import Machine

pytestmark = pytest.mark.keyring

CANARY = "brd-canary-7f3e9c1d5b8a2460"
# with an empty password, as elsewhere here, gnome-keyring itself keeps its file in the clear
UNLOCK_WITH_PASSWORD = "printf 'a password\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"


def body(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert CANARY not in ended.stdout + ended.stderr
    parsed: dict[str, Any] = json.loads(ended.stdout)
    return parsed


def brightdata(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return next(key for key in body(ended)["keys"] if key["name"] == "brightdata")


def test_a_key_is_stored_read_by_a_new_process_and_deleted(machine: Machine) -> None:
    stored = machine.in_session("keys", "set", "brightdata", "--json", "--no-input", given=f"{CANARY}\n")
    assert stored.returncode == 0, stored.stderr
    assert body(stored)["source"] == "keyring"

    listed = machine.in_session("keys", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert (brightdata(listed)["source"], brightdata(listed)["last4"]) == ("keyring", "2460")

    elsewhere = dataclasses.replace(
        machine, environment={**machine.environment, "WEBTUNE_BRIGHTDATA_URL": "https://other.example"}
    )
    refused = elsewhere.in_session("keys", "check", "brightdata", "--json")
    assert refused.returncode == 5
    assert "api.brightdata.com" in body(refused)["error"]["message"]
    assert "other.example" in body(refused)["error"]["message"]

    deleted = machine.in_session("keys", "delete", "brightdata", "--json")
    assert (deleted.returncode, body(deleted)["deleted"]) == (0, True)
    assert brightdata(machine.in_session("keys", "list", "--json"))["source"] == "none"
    assert body(machine.in_session("keys", "delete", "brightdata", "--json"))["deleted"] is False


def test_the_key_is_in_no_file_in_the_clear(machine: Machine) -> None:
    stored = machine.in_session("keys", "set", "brightdata", given=CANARY, before=UNLOCK_WITH_PASSWORD)
    assert stored.returncode == 0, stored.stderr
    files = [path for path in machine.home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.suffix == ".keyring" for path in files)
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []


def test_a_working_keyring_passes_the_doctor_and_keeps_no_probe(machine: Machine) -> None:
    for _ in range(2):
        checks = {check["name"]: check for check in body(machine.in_session("doctor", "--json"))["checks"]}
        assert checks["keyring"]["state"] == "ok", checks["keyring"]
    kept = b"".join(path.read_bytes() for path in machine.home.rglob("*.keyring"))
    assert b"probe-" not in kept


def test_a_locked_keyring_is_called_locked(machine: Machine) -> None:
    stored = machine.in_session("keys", "set", "brightdata", given=CANARY, before=UNLOCK_WITH_PASSWORD)
    assert stored.returncode == 0, stored.stderr
    machine.stop_daemons()
    refused = machine.locked("keys", "set", "openai", "--json", given="sk-another-0123456789")
    assert refused.returncode == 5
    assert body(refused)["keyring"] == "locked"
    assert "OPENAI_API_KEY" in body(refused)["error"]["hint"]
    assert "locked" in brightdata(machine.locked("keys", "list", "--json"))["detail"]


def test_a_session_without_a_daemon_is_explained(machine: Machine) -> None:
    refused = machine.without_daemon("keys", "set", "brightdata", "--json", given=CANARY)
    assert refused.returncode == 5
    assert body(refused)["keyring"] in ("locked", "missing", "failed")
    assert "BRIGHTDATA_API_TOKEN" in body(refused)["error"]["hint"]


def test_a_machine_without_a_bus_has_no_keyring(machine: Machine) -> None:
    refused = machine.without_bus("keys", "set", "brightdata", "--json", given=CANARY)
    assert (refused.returncode, body(refused)["keyring"]) == (5, "missing")
    checks = {check["name"]: check for check in body(machine.without_bus("doctor", "--json"))["checks"]}
    assert checks["keyring"]["state"] == "missing"
    assert checks["keyring"]["remedy"]


@pytest.mark.parametrize("unlocked", [False, True], ids=["alone", "beside a real keyring"])
def test_a_planted_plain_text_backend_never_gets_the_key(machine: Machine, tmp_path: Path, unlocked: bool) -> None:
    drop = tmp_path / "plaintext.txt"
    planted = machine_with_plaintext_backend(machine, tmp_path, drop, chosen=not unlocked)
    run = planted.in_session if unlocked else planted.without_bus
    stored = run("keys", "set", "brightdata", "--json", given=CANARY)
    assert not drop.exists()
    if unlocked:
        assert stored.returncode == 0, stored.stderr
        assert brightdata(machine.in_session("keys", "list", "--json"))["last4"] == "2460"
    else:
        assert (stored.returncode, body(stored)["keyring"]) == (5, "plaintext")


def test_a_hanging_keyring_is_left_after_five_seconds(machine: Machine, tmp_path: Path) -> None:
    module = tmp_path / "plugins" / "hanging_backend.py"
    module.parent.mkdir()
    module.write_text(
        "import threading\nfrom keyring.backend import KeyringBackend\n"
        "class Hanging(KeyringBackend):\n    priority = 9\n"
        "    def get_password(self, service, username):\n        threading.Event().wait()\n"
        "    set_password = delete_password = get_password\n"
    )
    environment = {
        **machine.environment,
        "PYTHONPATH": str(module.parent),
        "PYTHON_KEYRING_BACKEND": "hanging_backend.Hanging",
    }
    ended = dataclasses.replace(machine, environment=environment).without_bus("keys", "list", "--json")
    assert ended.returncode == 0, ended.stderr
    assert "within 5 s" in brightdata(ended)["detail"]


def machine_with_plaintext_backend(machine: Machine, folder: Path, drop: Path, *, chosen: bool) -> Machine:
    """A plug-in as keyrings.alt is one: found by its entry point, or chosen by the person's environment."""
    plugins = folder / "plugins"
    information = plugins / "planted-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[keyring.backends]\nplanted = planted_file\n")
    (plugins / "planted_file.py").write_text(
        "import base64, pathlib\nfrom keyring.backend import KeyringBackend\n"
        "class PlaintextKeyring(KeyringBackend):\n    priority = 9\n"
        "    def get_password(self, service, username):\n        return None\n"
        "    def set_password(self, service, username, password):\n"
        f"        pathlib.Path({str(drop)!r}).write_bytes(base64.b64encode(password.encode()))\n"
    )
    environment = {**machine.environment, "PYTHONPATH": str(plugins)}
    if chosen:
        environment["PYTHON_KEYRING_BACKEND"] = "planted_file.PlaintextKeyring"
    return dataclasses.replace(machine, environment=environment)
