"""Every test of the app runs in a home of its own: no keys, no keyring, no settings of this machine, no animation."""

from __future__ import annotations

from pathlib import Path

import pytest

from webtune_tui.services.notice import Notice

_KEYS = (
    "BRIGHTDATA_API_TOKEN", "OPENAI_API_KEY", "NEBIUS_API_KEY", "TOGETHER_API_KEY", "AZURE_OPENAI_API_KEY", "HF_TOKEN",
    "WEBTUNE_BRIGHTDATA_URL", "OPENAI_BASE_URL", "WEBTUNE_WORKSPACE", "NO_COLOR",
)  # fmt: skip


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; the folder is given to who wants to look into it."""
    home = tmp_path_factory.mktemp("home")
    for name in _KEYS:
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("HOME", str(home))
    Notice().acknowledge()
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return home
