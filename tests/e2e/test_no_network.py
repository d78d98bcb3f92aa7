"""A machine without any network: names can't be looked up, nothing is ordered, and free work goes on."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.e2e.program import CATEGORY, Program

_ALONE = ("unshare", "-n")


def _has_namespaces() -> bool:
    tool = shutil.which("unshare")
    return tool is not None and subprocess.run([tool, "-n", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _has_namespaces(), reason="needs unshare -n, which this machine or user has not")


def test_an_order_without_a_network_is_refused_before_anything_leaves(program: Program) -> None:
    order = ("collect", "brightdata", "--scraper", "amazon-products", "--input", CATEGORY, "--yes")
    ended = program.using(BRIGHTDATA_API_TOKEN="any-word-will-do").json(*order, wrapper=_ALONE)
    body = ended.failed(3, "offline")
    assert "api.brightdata.com" in body["error"]["message"] and body["state"] == "failed"
    assert body["snapshot_id"] is None and body["cost"] is None
    operations = program.json("ledger").done()
    assert operations["unknown"] == [] and operations["balance"]["estimated_open"] == 0


def test_a_page_without_a_network_waits_and_is_fetched_later(program: Program) -> None:
    ended = program.json("collect", "urls", "https://example.com/", "--via", "direct", wrapper=_ALONE)
    body = ended.failed(3, "offline")
    assert body["state"] == "running" and "example.com" in body["error"]["message"]


def test_importing_needs_no_network(program: Program) -> None:
    (program.folder / "rows.jsonl").write_text('{"n": 1}\n')
    ended = program.json("import", str(program.folder / "rows.jsonl"), wrapper=_ALONE)
    assert ended.done()["records"] == 1
