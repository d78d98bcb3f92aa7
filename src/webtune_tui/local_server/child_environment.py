"""What child processes get: an offline environment without anybody's keys, and the libraries they need."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping

_NEEDED = ("torch", "transformers", "peft", "trl", "accelerate", "datasets")
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)


def child_environment(threads: int, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without secrets, for a child that computes on `threads` threads."""
    source = os.environ if own is None else own
    inherited = {name: value for name, value in source.items() if not _SECRET_NAME.search(name)}
    return {
        **inherited,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        # Waiting threads spin for a moment and then sleep: on an idle machine a step takes as long as with the
        # library's own long spin (0.91 to 0.87 s; 1.45 s without any), and beside busy programs it is not starved.
        "GOMP_SPINCOUNT": "10000",
        "KMP_BLOCKTIME": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        # One process drives one GPU: several visible ones would make Trainer wrap the model in DataParallel.
        "CUDA_VISIBLE_DEVICES": inherited.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0],
    }


def missing_modules(child_module: str) -> list[str]:
    """Return the libraries that a child of ours would miss, without importing any."""
    if not child_module.startswith("webtune_tui."):
        return []
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def missing_text(absent: list[str]) -> str:
    """Say what is missing and the exact command that installs it."""
    return (
        f"Training and chat on this machine need {', '.join(absent)}, not installed here "
        "(about 1.5 GB in all). Install: pip install 'webtune-tui[local]'"
    )
