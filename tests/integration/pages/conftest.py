"""The real service against a site on loopback and a double of Bright Data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.collect.conftest import Desk, OpenDesk, open_desk
from tests.servers.brightdata import bright_data
from tests.servers.pages import PageServer

__all__ = ["bright_data", "open_desk"]


@pytest.fixture
def site() -> Iterator[PageServer]:
    with PageServer() as server:
        yield server


@pytest.fixture
def desk(open_desk: OpenDesk, site: PageServer) -> Desk:
    """A workspace that may fetch from the site, without pauses."""
    return open_desk(**settings_for(site))


def settings_for(site: PageServer, **more: object) -> dict[str, object]:
    return {"page_allow_private": (site.authority,), "page_delay_seconds": 0.0} | more
