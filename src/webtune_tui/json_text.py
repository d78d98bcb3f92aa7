"""JSON by a fast library, with the standard one wherever the two could differ: the same text and the same hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson

_encode_exactly = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_HASH_DIGITS = 32
_SORTED = orjson.OPT_SORT_KEYS


def encode(value: Any) -> bytes:
    """A value as compact JSON in UTF-8; whole numbers of any size stay exact."""
    try:
        return bytes(
            memoryview(orjson.dumps(value))
        )  # the library's own bytes keep its whole buffer, ten times as much
    except TypeError:  # a whole number beyond 64 bits, or nested deeper than the fast library goes
        return _encode_exactly(value).encode()


def content_hash(fields: Mapping[str, Any]) -> str:
    """The same hex digest for the same field values, whatever the order of the keys and whoever parsed them."""
    try:
        text = orjson.dumps(fields, option=_SORTED)
    except TypeError:
        text = json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str).encode()
    return hashlib.sha256(text).hexdigest()[:_HASH_DIGITS]  # processors have instructions for this one
