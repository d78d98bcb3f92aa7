"""This machine: a loopback server of our own that really trains open models; it never shuts down."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
from pathlib import Path

from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.providers.base import Capabilities, Price, Provider, ProviderContext

_NEEDED = ("torch", "transformers", "trl", "peft", "gguf")
EXTRA_SIZE = "about 1.5 GB"  # measured 2026-11-22: torch CPU 0.87, transformers 0.27, trl 0.28 GB and small ones

CAPABILITIES = Capabilities(
    name="local",
    title="This machine",
    is_local=True,
    key_name=None,
    minimum_examples=10,
    maximum_file_bytes=None,
    pause=True,
    held_out_loss=True,
    note="Trains open models here with LoRA; needs no account and has no end date.",
)


async def connect(context: ProviderContext) -> Provider:
    """The local engine, started when it is first called.

    Raises:
        ExtraMissing: the training libraries are not installed.
    """
    require_extra()
    engine = await asyncio.to_thread(importlib.import_module, "webtune_tui.providers.sdk.local_engine")
    provider: Provider = engine.LocalProvider(
        CAPABILITIES,
        jobs_folder=context.jobs_folder,
        models_folder=context.models_folder,
        threads=context.settings.local_threads,
        idle_seconds=context.settings.local_idle_seconds,
    )
    return provider


def require_extra() -> None:
    """Checks that the training libraries can be found, without importing them.

    Raises:
        ExtraMissing: says which are missing, how large the extra is, and the command.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ExtraMissing(
            f"Training on this machine needs {', '.join(missing)} ({EXTRA_SIZE} in all)",
            hint='Install them: pip install "webtune-tui[local]"',
        )


def longest_example(base_model: str, models: Path) -> int | None:
    """The tokens of a base's context, by its own files; ``None`` where it isn't on this machine or doesn't say."""
    for folder in (Path(base_model).expanduser(), models / base_model, models / base_model.replace("/", "--")):
        try:
            context = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("max_position_embeddings")
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
        return context if isinstance(context, int) and context > 0 else None
    return None


def training_price(base_model: str) -> Price | None:
    """Your own hardware: nothing is charged."""
    return Price(0.0, "", "your own hardware")
