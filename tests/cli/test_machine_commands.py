"""``webtune doctor``, ``paths`` and ``ledger``: what the machine has, where things lie, what was spent."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path
from typing import Any

import keyring.backends.fail
import pytest

from tests.unit.credentials.backends import MemoryBackend, planted
from webtune_tui.cli.main import run
from webtune_tui.domain.errors import OutcomeUnknown
from webtune_tui.services import doctor
from webtune_tui.services.money import MoneyService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("WEBTUNE_WORKSPACE", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def checks_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, str]]:
    code, body = command(capsys, "doctor", *arguments)
    assert code == 0
    assert body["ok"] == all(check["state"] == "ok" for check in body["checks"])
    for check in body["checks"]:
        assert set(check) == {"name", "state", "detail", "remedy"}
        assert check["state"] in ("ok", "warn", "missing")
        assert check["detail"]
        assert bool(check["remedy"]) == (check["state"] != "ok"), check
    return {check["name"]: check for check in body["checks"]}


def test_the_doctor_looks_at_everything_that_the_journey_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with planted(MemoryBackend()):
        checks = checks_of(capsys)
    assert list(checks) == [
        "python", "processor", "memory", "disk: workspace", "disk: models", "settings", "workspace", "keyring",
        "training libraries", "files: web pages", "files: tables", "base models", "terminal", "network",
    ]  # fmt: skip
    assert checks["keyring"]["state"] == "ok"
    assert checks["base models"] == {
        "name": "base models",
        "state": "missing",
        "detail": checks["base models"]["detail"],
        "remedy": "webtune bases add smollm2-135m",
    }


def test_missing_training_libraries_are_named_with_the_command_and_its_size(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        doctor.importlib.util, "find_spec", lambda name: None if name in ("torch", "peft") else real(name)
    )
    with planted(MemoryBackend()):
        check = checks_of(capsys)["training libraries"]
    assert check["state"] == "missing"
    assert "torch, peft" in check["detail"] and "1.5 GB" in check["detail"]
    assert check["remedy"] == 'pip install "webtune-tui[local]"'


def test_a_missing_keyring_has_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with planted(keyring.backends.fail.Keyring()):
        check = checks_of(capsys)["keyring"]
    assert check["state"] == "missing"
    assert "environment variable" in check["remedy"]


def test_proxies_and_certificates_of_the_shell_are_shown_without_their_passwords(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:proxy-password@proxy.example:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with planted(MemoryBackend()):
        check = checks_of(capsys)["network"]
    assert "HTTPS_PROXY=http://proxy.example:3128" in check["detail"]
    assert "proxy-password" not in check["detail"]
    assert check["state"] == "warn" and "SSL_CERT_FILE" in check["remedy"]


def test_broken_settings_are_a_finding(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder = home / "xdg_config_home" / "webtune"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("this is not toml")
    with planted(MemoryBackend()):
        check = checks_of(capsys)["settings"]
    assert check["state"] == "warn" and "config.toml" in check["detail"]


def test_a_workspace_in_use_names_its_holder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    with Workspace.open(root, command="webtune train"), planted(MemoryBackend()):
        check = checks_of(capsys, "-w", str(root))["workspace"]
        assert check["state"] == "warn" and "webtune train" in check["detail"]
    with planted(MemoryBackend()):
        assert checks_of(capsys, "-w", str(root))["workspace"]["state"] == "ok"


def test_the_doctor_reads_as_lines_with_an_arrow_before_each_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    with planted(MemoryBackend()):
        assert run(["doctor"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("ok       python")
    assert any(line.strip() == "-> webtune bases add smollm2-135m" for line in printed)


def test_paths_are_absolute_and_nothing_is_made(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, body = command(capsys, "paths", "-w", "relative/folder")
    assert code == 0
    assert {"workspace", "config", "models", "logs"} <= set(body)
    assert all(Path(path).is_absolute() for path in body.values())
    assert body["workspace"] == str(Path.cwd() / "relative/folder")
    assert list(home.iterdir()) == []


def test_the_ledger_shows_estimates_charges_the_cap_and_what_is_unknown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = tmp_path / "workspace"
    asyncio.run(spend(root))
    (root / "webtune.toml").write_text("[money]\ncap_usd = 5.0\n")
    code, body = command(capsys, "ledger", "-w", str(root))
    assert code == 0
    assert [(entry["subject_id"], entry["kind"], entry["amount"]) for entry in body["entries"]] == [
        ("c1", "estimate", 0.75),
        ("c1", "charge", 0.12),
        ("c2", "estimate", 0.5),
    ]
    assert all(entry["time"].endswith("Z") and entry["basis"] for entry in body["entries"])
    assert body["balance"] == {"estimated_open": 0.5, "charged": 0.12, "cap": 5.0, "left": pytest.approx(4.38)}
    assert [(operation["subject_id"], operation["service"]) for operation in body["unknown"]] == [("c2", "brightdata")]
    assert run(["ledger", "-w", str(root)]) == 0
    printed = capsys.readouterr().out
    assert "UNKNOWN: the trigger of c2" in printed and "cap $5.00" in printed


def test_the_ledger_of_no_workspace_is_empty_and_makes_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, body = command(capsys, "ledger", "-w", str(tmp_path / "nowhere"))
    assert code == 0 and body["entries"] == [] and body["balance"]["charged"] == 0
    assert not (tmp_path / "nowhere").exists()


async def spend(root: Path) -> None:
    """One collection that was charged, and one whose reply was lost."""

    async def accepted() -> str:
        return "s_1"

    async def lost() -> str:
        raise OutcomeUnknown("The reply was lost")

    with Workspace.open(root, command="test") as workspace:
        money = MoneyService(workspace, Settings())
        common = {"kind": "trigger", "service": "brightdata", "address": "a", "fingerprint": "f", "basis": "price list"}
        await money.perform(**common, subject_id="c1", estimate=0.75, send=accepted)
        await money.charge("c1", 0.12, "80 records")
        with pytest.raises(OutcomeUnknown):
            await money.perform(**common, subject_id="c2", estimate=0.5, send=lost)
