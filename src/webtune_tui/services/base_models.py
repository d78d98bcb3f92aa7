"""Base models for training on this machine: which are in the cache, which can be added, and adding one."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import importlib.util
import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from webtune_tui.domain.credentials import without_keys
from webtune_tui.domain.errors import ExtraMissing, WorkFailed
from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.providers.base import BaseModel

_BYTES_PER_TRAINED_TOKEN_135M = 2_450_000  # measured: 1 x 256 tokens 1.22 GB, 4 x 512 tokens 5.26 GB on SmolLM2-135M
_FIXED_BYTES = 600_000_000
TOKENS_PER_SECOND_135M = 350.0  # measured on two cores with bf16, batch 1 x 256

DEFAULT_LOCAL_BASE = "smollm2-135m"

ADDABLE: tuple[BaseModel, ...] = (
    BaseModel(
        "smollm2-135m", "SmolLM2 135M Instruct", 269_000_000, 134_515_008, "Apache-2.0", 8192,
        is_present=False, note="Small enough for any laptop; the demo's model.",
    ),
    BaseModel(
        "HuggingFaceTB/SmolLM2-360M-Instruct", "SmolLM2 360M Instruct", 724_000_000, 361_821_120, "Apache-2.0", 8192,
        is_present=False, note="From the Hugging Face Hub.",
    ),
    BaseModel(
        "Qwen/Qwen3-0.6B", "Qwen3 0.6B", 1_500_000_000, 596_049_920, "Apache-2.0", 32768,
        is_present=False, note="From the Hugging Face Hub.",
    ),
)  # fmt: skip


def cached(models_folder: Path) -> Sequence[BaseModel]:
    """The models in the cache, whole ones only: a conversion takes its name when it is done."""
    found = []
    for description in sorted(models_folder.glob("*/webtune.json")):
        with contextlib.suppress(OSError, ValueError):
            body = json.loads(description.read_text(encoding="utf-8"))
            folder = Path(body.get("path") or description.parent)
            size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
            name = description.parent.name
            known = next((model for model in ADDABLE if model.model == name), None)
            found.append(
                BaseModel(
                    model=name,
                    title=known.title if known else str(body.get("name") or name),
                    size_bytes=size,
                    parameters=body.get("parameters"),
                    licence=str(body.get("licence") or (known.licence if known else "")),
                    context=body.get("context"),
                    trainable_here=fits(body.get("parameters")),
                )
            )
    return found


def addable(models_folder: Path) -> Sequence[BaseModel]:
    """Suggestions that are not in the cache yet."""
    present = {model.model for model in cached(models_folder)}
    return [
        dataclasses.replace(model, trainable_here=fits(model.parameters))
        for model in ADDABLE
        if model.model not in present
    ]


def training_memory(parameters: int | None, tokens_at_once: int = 1024) -> int:
    """Bytes that training needs at its peak, scaled from measurements on SmolLM2-135M."""
    scale = (parameters or 135_000_000) / 135_000_000
    return int(_FIXED_BYTES + 2 * (parameters or 0) + _BYTES_PER_TRAINED_TOKEN_135M * tokens_at_once * scale**0.6)


def fits(parameters: int | None) -> bool | None:
    """Whether this machine's memory can train a model of this size; ``None`` where either is unknown."""
    memory = physical_memory()
    if memory is None or parameters is None:
        return None
    return training_memory(parameters, 256) < memory * 0.8


def physical_memory() -> int | None:
    """The machine's memory in bytes where the system tells it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


async def add(model: str, models_folder: Path) -> AsyncGenerator[Progressed | Noted]:
    """Runs the program that downloads and converts a model; leaving the iteration stops it.

    Raises:
        ExtraMissing: the training libraries are not installed.
        WorkFailed: the model can't be had; the message is the program's own.
    """
    if importlib.util.find_spec("transformers") is None:
        raise ExtraMissing(
            "Adding a base model needs the training libraries (about 1.5 GB)",
            hint='Install them: pip install "webtune-tui[local]"',
        )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "webtune_tui.local_server.add_base", model, "--models-dir", str(models_folder),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 20, env=without_keys(os.environ, keep=frozenset({"HF_TOKEN"})),
    )  # fmt: skip
    last: dict[str, object] = {}
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            last = _parsed(line) or last
            stage = str(last.get("stage") or "")
            if stage not in ("done", "error"):
                yield Progressed(stage, _int(last.get("done")), _int(last.get("total")) or None, "bytes",
                                 str(last.get("message") or ""))  # fmt: skip
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if code != 0 or last.get("stage") != "done":
        raise WorkFailed(
            f"{model} could not be added: {last.get('message') or f'exit code {code}'}",
            hint="Check the name and the network, or give a folder with safetensors.",
        )
    yield Noted(f"{model} is ready in {last.get('path') or models_folder}")


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        body = json.loads(line)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _int(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
