"""The rules against test strings of others: detect-secrets, gitleaks, presidio, payment vendors and standards."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from webtune_tui.pipeline.private_data.finder import find

SETS = tomllib.loads(Path(__file__).with_name("published_private_data.toml").read_text(encoding="utf-8"))["set"]


def joined(texts: list[str]) -> list[str]:
    return [text.replace("¦", "") for text in texts]


@pytest.mark.parametrize("published", SETS, ids=[one["name"] for one in SETS])
def test_what_others_publish_as_private_is_found(published: dict[str, Any]) -> None:
    kind, is_whole = published["kind"], published.get("whole", True)
    missed = []
    for text in joined(published.get("find", [])):
        hits = find(text)
        spans = [(hit.start, hit.end) for hit in hits if hit.kind == kind]
        if not spans or (is_whole and spans != [(0, len(text))]):
            missed.append((text[:40], hits))
    assert missed == []


@pytest.mark.parametrize("published", SETS, ids=[one["name"] for one in SETS])
def test_what_others_publish_as_harmless_is_left_alone(published: dict[str, Any]) -> None:
    kind, texts = published["kind"], joined(published.get("leave", []))
    assert [text for text in texts if any(hit.kind == kind for hit in find(text))] == []


def test_every_set_names_its_origin_and_licence() -> None:
    assert all(one["origin"] and one["licence"] for one in SETS)
