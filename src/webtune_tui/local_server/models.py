"""Base models on this machine, and the names under which tuned models answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webtune_tui.local_server.private_files import read_json

NOTE_NAME = "webtune.json"
"""Our note inside a base model's folder: name, source, licence, sha256s, parameters, context."""

BASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_CHECKPOINT = re.compile(r":ckpt-step-(\d+)$")
_LARGEST_HEADER = 100_000_000


class UnusableModel(Exception):
    """A model that can't be used here; the text says why and what to do."""

    def __init__(self, message: str, code: str = "model_not_available") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True)
class BaseModel:
    """A base model whose weights lie in `folder`; `note` is what was written down when it was added."""

    name: str
    folder: Path
    added_at: int
    note: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TunedName:
    """The parts of `ft:BASE:webtune:SUFFIX:JOB[:ckpt-step-N]`."""

    base: str
    suffix: str
    job_id: str
    checkpoint_step: int | None = None

    def __str__(self) -> str:
        ending = "" if self.checkpoint_step is None else f":ckpt-step-{self.checkpoint_step}"
        return f"ft:{self.base}:webtune:{self.suffix}:{self.job_id}{ending}"


def parse_tuned_name(model: str) -> TunedName | None:
    """Take a tuned model's name apart; None for any other name. A base may hold colons itself."""
    if not model.startswith("ft:"):
        return None
    checkpoint = _CHECKPOINT.search(model)
    plain = model[3 : checkpoint.start()] if checkpoint else model[3:]
    parts = plain.rsplit(":", 3)
    if len(parts) != 4 or parts[1] != "webtune":
        return None
    base, _, suffix, job_id = parts
    return TunedName(base, suffix, job_id, int(checkpoint[1]) if checkpoint else None)


class BaseCatalogue:
    """Finds base models by folder name, by absolute path, or says how to add one from the Hub."""

    def __init__(self, models_dir: Path) -> None:
        self.models_dir = models_dir

    def all(self) -> list[BaseModel]:
        """Return the base models in the cache that can be used, by name."""
        found = []
        for folder in sorted(self.models_dir.iterdir()) if self.models_dir.is_dir() else []:
            if BASE_NAME.fullmatch(folder.name) and (folder / NOTE_NAME).exists():
                try:
                    found.append(self._in_cache(folder))
                except UnusableModel:
                    continue
        return found

    def find(self, name: str) -> BaseModel:
        """Return the base model of that name.

        Raises:
            UnusableModel: unknown, not added yet, or not safe to load.
        """
        if Path(name).is_absolute():
            folder = Path(name)
            check_folder(folder)
            return BaseModel(name, folder, int(folder.stat().st_mtime))
        if BASE_NAME.fullmatch(name) and (self.models_dir / name).is_dir():
            return self._in_cache(self.models_dir / name)
        added = next((base for base in self.all() if base.note.get("source") == name), None)
        if added is not None:
            return added
        if _HUB_ID.fullmatch(name):
            raise UnusableModel(f"The base model '{name}' is not on this machine yet. Add it: webtune bases add {name}")
        known = ", ".join(base.name for base in self.all()) or "none"
        raise UnusableModel(f"There is no base model '{name}' here (there are: {known}). Add one: webtune bases add")

    def _in_cache(self, folder: Path) -> BaseModel:
        note = read_json(folder / NOTE_NAME) or {}
        weights = Path(str(note["folder"])) if note.get("folder") else folder
        check_folder(weights)
        return BaseModel(folder.name, weights, int(folder.stat().st_mtime), note)


def check_folder(folder: Path) -> None:
    """Make sure that a folder can be loaded without running anybody's code.

    Raises:
        UnusableModel: no config, no safetensors, only pickled weights, or code of its own.
    """
    if not folder.is_dir():
        raise UnusableModel(f"There is no folder {folder}.")
    config = read_json(folder / "config.json")
    if config is None:
        raise UnusableModel(f"{folder} holds no readable config.json, so it is no model folder.")
    if "auto_map" in config:
        raise UnusableModel(
            f"{folder} wants to run its own Python code (auto_map in config.json), which is never done here. "
            "Choose a model of a built-in architecture.",
            "unsafe_model",
        )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise UnusableModel(_without_safetensors(folder), "unsafe_model")
    for file in weights:
        check_safetensors(file)


def check_safetensors(file: Path) -> None:
    """Make sure that a weights file is whole, by its header.

    Raises:
        UnusableModel: the file is cut or no safetensors file.
    """
    problem = f"{file} is damaged or no safetensors file. Remove its folder and add the model again."
    try:
        with file.open("rb") as handle:
            size = int.from_bytes(handle.read(8), "little")
            if not 2 <= size <= _LARGEST_HEADER:
                raise UnusableModel(problem, "damaged_model")
            header = json.loads(handle.read(size))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        whole_size = 8 + size + max(ends, default=0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UnusableModel(problem, "damaged_model") from error
    if file.stat().st_size != whole_size:
        raise UnusableModel(problem, "damaged_model")


def parameter_count(folder: Path) -> int:
    """Return the number of parameters in a folder's safetensors, by their headers."""
    total = 0
    for file in folder.glob("*.safetensors"):
        with file.open("rb") as handle:
            header = json.loads(handle.read(int.from_bytes(handle.read(8), "little")))
        for name, entry in header.items():
            if name != "__metadata__":
                total += _product(entry["shape"])
    return total


def _product(shape: list[int]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


def _without_safetensors(folder: Path) -> str:
    pickled = [file.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for file in folder.glob(pattern)]
    if pickled:
        return (
            f"{folder} holds only pickled weights ({', '.join(sorted(pickled)[:3])}), which can run code "
            "when opened. Only safetensors are loaded: choose a copy of the model with *.safetensors."
        )
    return f"{folder} holds no *.safetensors weights."
