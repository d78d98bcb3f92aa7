"""Hyperparameters: what a request may hold, and what "auto" comes to on a laptop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from webtune_tui.local_server.openai_objects import invalid

BASE_LEARNING_RATE = 1e-3
"""For LoRA; `learning_rate_multiplier` scales it."""

TOKENS_AT_ONCE = 512
"""Rows times their longest length in one forward pass: the logits dominate the memory of small models."""


@dataclass(frozen=True)
class Bounds:
    """The type and the range (both ends included) of one hyperparameter."""

    kind: type
    low: float
    high: float


BOUNDS: Mapping[str, Bounds] = {
    "n_epochs": Bounds(int, 1, 50),
    "batch_size": Bounds(int, 1, 256),
    "learning_rate_multiplier": Bounds(float, 1e-6, 1_000),
    "max_steps": Bounds(int, 1, 1_000_000),
    "learning_rate": Bounds(float, 1e-9, 1),
    "lora_rank": Bounds(int, 1, 512),
    "lora_alpha": Bounds(int, 1, 4_096),
    "lora_dropout": Bounds(float, 0, 0.9),
    "sequence_length": Bounds(int, 16, 131_072),
    "gradient_accumulation_steps": Bounds(int, 1, 256),
    "warmup_steps": Bounds(int, 0, 100_000),
    "eval_steps": Bounds(int, 1, 1_000_000),
    "save_steps": Bounds(int, 1, 1_000_000),
    "logging_steps": Bounds(int, 1, 1_000),
    "threads": Bounds(int, 1, 1_024),
}


@dataclass(frozen=True)
class Hyperparameters:
    """Every number that a training run is made with; none is left to a library's default.

    `batch_size` rows make one optimiser step; they pass through the model in
    `gradient_accumulation_steps` parts. `sequence_length` is in tokens.
    """

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    learning_rate: float
    max_steps: int
    lora_rank: int
    lora_alpha: int
    lora_dropout: float
    sequence_length: int
    gradient_accumulation_steps: int
    warmup_steps: int
    eval_steps: int
    save_steps: int
    logging_steps: int
    threads: int

    @property
    def rows_at_once(self) -> int:
        """Return how many rows pass through the model together."""
        return max(1, self.batch_size // self.gradient_accumulation_steps)

    def with_rows_bounded_by(self, longest_row: int, *, chosen: bool) -> Hyperparameters:
        """Split the batch so that memory stays bounded; a split `chosen` by the person is kept.

        longest_row: tokens of the longest row after truncation.
        """
        if chosen:
            return self
        parts = next(
            parts
            for parts in range(1, self.batch_size + 1)
            if self.batch_size % parts == 0
            and ((self.batch_size // parts) * longest_row <= TOKENS_AT_ONCE or parts == self.batch_size)
        )
        return replace(self, gradient_accumulation_steps=parts)

    def smaller(self) -> str:
        """Say in words which settings need less memory than these."""
        rows = self.rows_at_once
        shorter = max(64, self.sequence_length // 2)
        length = f"sequence_length={shorter} (now {self.sequence_length})"
        if rows == 1:
            return f"{length}, or a smaller base model"
        parts = f"gradient_accumulation_steps={self.batch_size} for one row at once (now {rows} rows)"
        return f"batch_size={self.batch_size} with {parts}, or {length}, or a smaller base model"

    def as_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def check_requested(values: object, param: str) -> dict[str, Any]:
    """Return the hyperparameters of a request without the ones left to "auto".

    Raises:
        ApiError: an unknown name, a wrong type or a number out of range.
    """
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise invalid(f"'{param}' must be an object.", param=param)
    return {name: _check(name, value, param) for name, value in values.items() if value not in ("auto", None)}


def _check(name: str, value: object, param: str) -> int | float:
    bounds = BOUNDS.get(name)
    if bounds is None:
        raise invalid(f"Unknown hyperparameter '{name}'. Known: {', '.join(BOUNDS)}.", param=f"{param}.{name}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise invalid(f"'{name}' must be a number or \"auto\".", param=f"{param}.{name}")
    if bounds.kind is int and value != int(value):
        raise invalid(f"'{name}' must be a whole number.", param=f"{param}.{name}")
    if not bounds.low <= value <= bounds.high:
        raise invalid(f"'{name}' must lie between {bounds.low:g} and {bounds.high:g}.", param=f"{param}.{name}")
    return int(value) if bounds.kind is int else float(value)


def resolve(requested: Mapping[str, Any], rows: int, threads: int) -> Hyperparameters:
    """Turn "auto" into numbers for a training file of `rows` examples.

    Raises:
        ApiError: the batch can't be split into the wanted number of parts.
    """
    batch_size = requested.get("batch_size", min(4, rows))
    parts = requested.get("gradient_accumulation_steps", 1)
    if batch_size % parts:
        raise invalid(f"batch_size {batch_size} can't be split into {parts} equal parts.", param="batch_size")
    epochs, steps = _length_of_run(requested, rows, batch_size)
    every_fifth = max(1, round(steps / 5))
    rank = requested.get("lora_rank", 16)
    multiplier = requested.get("learning_rate_multiplier", 1.0)
    return Hyperparameters(
        n_epochs=epochs,
        batch_size=batch_size,
        learning_rate_multiplier=multiplier,
        learning_rate=requested.get("learning_rate", BASE_LEARNING_RATE * multiplier),
        max_steps=steps,
        lora_rank=rank,
        lora_alpha=requested.get("lora_alpha", 2 * rank),
        lora_dropout=requested.get("lora_dropout", 0.05),
        sequence_length=requested.get("sequence_length", 512),
        gradient_accumulation_steps=parts,
        warmup_steps=requested.get("warmup_steps", min(10, max(1, steps // 20))),
        eval_steps=requested.get("eval_steps", every_fifth),
        save_steps=requested.get("save_steps", every_fifth),
        logging_steps=requested.get("logging_steps", 1),
        threads=requested.get("threads", threads),
    )


def _length_of_run(requested: Mapping[str, Any], rows: int, batch_size: int) -> tuple[int, int]:
    """Return epochs and steps; `max_steps` alone sets the length, beside `n_epochs` it is a cap."""
    steps_per_epoch = math.ceil(rows / batch_size)
    if "max_steps" in requested and "n_epochs" not in requested:
        steps = int(requested["max_steps"])
        return math.ceil(steps / steps_per_epoch), steps
    epochs = int(requested.get("n_epochs", auto_epochs(rows)))
    return epochs, min(steps_per_epoch * epochs, int(requested.get("max_steps", steps_per_epoch * epochs)))


def auto_epochs(rows: int) -> int:
    """Return the epochs of OpenAI's cookbook rule: 3, more for tiny sets, fewer for very large ones."""
    if rows * 3 < 100:
        return min(25, 100 // rows)
    if rows * 3 > 25_000:
        return max(1, 25_000 // rows)
    return 3
