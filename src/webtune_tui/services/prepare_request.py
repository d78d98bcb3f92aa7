"""What a run of prepare is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """What a run is asked for. ``recipe`` names another file than the workspace's own; no ``workers``: as it fits."""

    recipe: Path | None = None
    seed: int | None = None
    sample: int | None = None
    workers: int | None = None
