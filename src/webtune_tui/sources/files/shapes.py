"""Rows that are training examples already, told by their fields: the contract's word for each shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHAPES = ("openai", "flat", "preference", "sharegpt", "alpaca")


def shape_of(fields: Mapping[str, Any]) -> str | None:
    """``openai``, ``flat``, ``preference``, ``sharegpt`` or ``alpaca``; ``None`` for any other row."""
    if _are_all(fields.get("messages"), _is_message):
        return "openai"
    if _is_preference(fields):
        return "preference"
    if _are_all(fields.get("conversations"), _is_turn):
        return "sharegpt"
    if {"user", "assistant"} <= set(fields) <= {"system", "user", "assistant"}:
        return "flat"
    if isinstance(fields.get("instruction"), str) and isinstance(fields.get("output"), str):
        return "alpaca"
    return None


def _is_preference(fields: Mapping[str, Any]) -> bool:
    """Two answers of which one is better, in the form of TRL (chosen, rejected) or of OpenAI."""
    if {"preferred_output", "non_preferred_output"} <= set(fields) and isinstance(fields.get("input"), Mapping):
        return True
    chosen, rejected = fields.get("chosen"), fields.get("rejected")
    return isinstance(chosen, str | list) and isinstance(rejected, str | list)


def _are_all(turns: Any, is_one: Any) -> bool:
    return isinstance(turns, list) and bool(turns) and all(is_one(turn) for turn in turns)


def _is_message(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("role"), str) and "content" in turn


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("from"), str) and "value" in turn
