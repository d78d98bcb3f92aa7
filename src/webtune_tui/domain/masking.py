"""Takes keys out of any text before it is logged, shown or stored."""

from __future__ import annotations

import base64
import re

_SHAPES = re.compile(
    r"(?i)(bearer\s+)[^\s\"',;]{6,}"
    r"|\b(?:sk|hf|gsk|nb|tgp|xai|key)[-_][A-Za-z0-9_\-]{12,}"
    r"|((?:api[-_]?key|token|secret|password|authorization)[\"']?\s*[:=]\s*[\"']?)(?!bearer)[^\s\"',;}]{6,}"
)
_known: set[str] = set()


def remember(value: str) -> None:
    """From now on this key is masked wherever :func:`mask` looks, also in base64."""
    if len(value) >= 8:
        _known.update((value, base64.b64encode(value.encode()).decode().rstrip("=")))


def mask(text: str) -> str:
    """The text without any remembered key and without what looks like one."""
    for value in _known:
        if value in text:
            text = text.replace(value, "[key]")
    return _SHAPES.sub(lambda match: (match.group(1) or match.group(2) or "") + "[key]", text)
