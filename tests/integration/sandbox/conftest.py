"""One running sandbox on a real socket, with a client that has a key."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.servers.brightdata import FaultyBrightData


@pytest.fixture
def service() -> Iterator[FaultyBrightData]:
    with FaultyBrightData(seconds_per_call=0) as running:
        yield running


@pytest.fixture
def client(service: FaultyBrightData) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer sandbox-key"}
    with httpx.Client(base_url=service.base_url, headers=headers, trust_env=False) as open_client:
        yield open_client
