"""The run of prepare of :mod:`tests.servers.stalled`, which the program starts as ``python -m`` with this name."""

from __future__ import annotations

import os

from tests.servers.stalled import wait_at
from webtune_tui.services import prepare_worker

if __name__ == "__main__":
    wait_at(os.environ["STALL_PLACE"])
    prepare_worker.main()
