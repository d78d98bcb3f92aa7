"""Checkpoints on disk: which are whole, and which a crash has left in pieces."""

from __future__ import annotations

import re
import secrets
import zipfile
from pathlib import Path

from webtune_tui.local_server.models import UnusableModel, check_safetensors
from webtune_tui.local_server.private_files import read_json

_NAME = re.compile(r"checkpoint-(\d+)")
_TORCH_FILES = ("optimizer.pt", "scheduler.pt", "rng_state.pth")


def checkpoint_problem(folder: Path) -> str | None:
    """Say what is wrong with a checkpoint; None when training can go on from it."""
    if read_json(folder / "trainer_state.json") is None:
        return "trainer_state.json is missing or broken"
    try:
        check_safetensors(folder / "adapter_model.safetensors")
    except UnusableModel:
        return "adapter_model.safetensors is missing or broken"
    # torch.save writes zip archives, whose directory stands at the end: a cut file has none.
    broken = [name for name in _TORCH_FILES if not zipfile.is_zipfile(folder / name)]
    return f"{broken[0]} is missing or broken" if broken else None


def step_of(folder: Path) -> int:
    """Return the step in a checkpoint's name; -1 for other folders."""
    match = _NAME.fullmatch(folder.name)
    return int(match[1]) if match else -1


def newest_whole_checkpoint(checkpoints: Path) -> Path | None:
    """Return the checkpoint of the highest step that is whole."""
    folders = sorted((folder for folder in checkpoints.glob("checkpoint-*") if step_of(folder) >= 0), key=step_of)
    return next((folder for folder in reversed(folders) if checkpoint_problem(folder) is None), None)


def set_broken_aside(checkpoints: Path) -> list[str]:
    """Rename broken checkpoints, so that nothing overwrites or rotates them away; return what was found."""
    findings = []
    for folder in sorted(checkpoints.glob("checkpoint-*"), key=step_of):
        problem = checkpoint_problem(folder) if step_of(folder) >= 0 else None
        if problem is not None:
            kept = folder.with_name(f"broken-{folder.name}-{secrets.token_hex(3)}")
            folder.rename(kept)
            findings.append(f"{folder.name} is not whole ({problem}); ignored and kept as {kept.name}")
    return findings
