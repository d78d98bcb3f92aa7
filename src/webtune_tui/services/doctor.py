"""What works on this machine, what is missing, and the exact remedy."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from webtune_tui import settings
from webtune_tui.credentials.keyring_store import KeyringState, KeyringStore
from webtune_tui.domain.errors import UsageError
from webtune_tui.services import base_models
from webtune_tui.sources.files.extras import missing_extra
from webtune_tui.storage.workspace import read_holder

_EXTRA = ("torch", "transformers", "trl", "peft", "accelerate")
_INSTALL_EXTRA = 'pip install "webtune-tui[local]"'
_EXTRA_SIZE = "about 1.5 GB"  # measured: 1.45 GB installed, with PyTorch for the processor alone
_LITTLE_MEMORY = 2_000_000_000  # bytes; training SmolLM2-135M peaks at 1.2 to 1.9 GB
_LITTLE_DISK = 2_000_000_000  # bytes; the extra and one small model
_SMALLEST_SCREEN = (80, 24)
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class CheckState(StrEnum):
    """How a check ended: fine, worth knowing, or a part that is not there."""

    OK = "ok"
    WARN = "warn"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``remedy`` is empty where nothing needs to be done."""

    name: str
    state: CheckState
    detail: str
    remedy: str = ""


class DoctorService:
    """Looks at the machine; changes nothing but a probe in the keyring that is removed at once."""

    def __init__(
        self,
        workspace: Path,
        models_folder: Path,
        *,
        keyring: KeyringStore | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._workspace = workspace
        self._models_folder = models_folder
        self._keyring = KeyringStore() if keyring is None else keyring
        self._environment = os.environ if environment is None else environment

    async def examine(self) -> Sequence[Check]:
        """Every check, in the order in which a person reads them."""
        return await asyncio.to_thread(self._examine)

    def _examine(self) -> list[Check]:
        checks: tuple[Callable[[], Check], ...] = (
            _python,
            _processor,
            _memory,
            lambda: _disk("disk: workspace", self._workspace),
            lambda: _disk("disk: models", self._models_folder),
            self._settings_read,
            self._workspace_use,
            self._keyring_works,
            _training_libraries,
            lambda: _reading_libraries("web pages", ("html",)),
            lambda: _reading_libraries("tables", ("parquet", "xlsx")),
            self._base_models,
            self._terminal,
            self._network,
        )
        return [check() for check in checks]

    def _settings_read(self) -> Check:
        try:
            settings.load(self._workspace, self._environment)
        except UsageError as error:
            return Check("settings", CheckState.WARN, error.message, error.hint)
        return Check("settings", CheckState.OK, str(settings.config_file()))

    def _workspace_use(self) -> Check:
        holder = read_holder(self._workspace)
        if holder is not None and holder.is_alive():
            return Check(
                "workspace",
                CheckState.WARN,
                f"{self._workspace} is in use by {holder.describe()}",
                "Close it to write from here; reading works meanwhile.",
            )
        if not (self._workspace / "workspace.db").exists():
            return Check("workspace", CheckState.OK, f"{self._workspace} will be made when it is first used")
        if not os.access(self._workspace, os.W_OK):
            remedy = "Make the folder writable, or name another with -w DIR."
            return Check("workspace", CheckState.WARN, f"{self._workspace} can't be written", remedy)
        return Check("workspace", CheckState.OK, str(self._workspace))

    def _keyring_works(self) -> Check:
        health = self._keyring.health()
        if health.state is KeyringState.READY:
            detail = f"{health.backend} stored, read and deleted a probe in {health.seconds:.1f} s"
            return Check("keyring", CheckState.OK, detail)
        state = CheckState.MISSING if health.state is KeyringState.MISSING else CheckState.WARN
        return Check("keyring", state, health.detail, health.remedy)

    def _base_models(self) -> Check:
        found = base_models.cached(self._models_folder)
        if not found:
            remedy = "webtune bases add smollm2-135m"
            return Check("base models", CheckState.MISSING, f"none in {self._models_folder}", remedy)
        names = ", ".join(f"{model.model} ({(model.size_bytes or 0) / 1e6:,.0f} MB)" for model in found)
        return Check("base models", CheckState.OK, names)

    def _terminal(self) -> Check:
        term = self._environment.get("TERM", "")
        encoding = (sys.stdout.encoding or "").lower().replace("-", "")
        if not sys.stdout.isatty():
            return Check("terminal", CheckState.OK, "stdout is no terminal; commands work, the app needs one")
        columns, rows = shutil.get_terminal_size()
        detail = f"{term or 'TERM not set'}, {self._colours(term)}, {columns}x{rows}, {encoding or 'no encoding'}"
        if term in ("", "dumb"):
            return Check("terminal", CheckState.WARN, detail, "Set TERM, for instance: export TERM=xterm-256color")
        if encoding != "utf8":
            return Check("terminal", CheckState.WARN, detail, "Choose a UTF-8 locale: export LC_ALL=C.UTF-8")
        if columns < _SMALLEST_SCREEN[0] or rows < _SMALLEST_SCREEN[1]:
            return Check("terminal", CheckState.WARN, detail, "Make the window at least 80 columns by 24 rows.")
        return Check("terminal", CheckState.OK, detail)

    def _colours(self, term: str) -> str:
        if "NO_COLOR" in self._environment:
            return "NO_COLOR is set"
        if self._environment.get("COLORTERM") in ("truecolor", "24bit"):
            return "16 million colours"
        return "256 colours" if "256color" in term else "16 colours"

    def _network(self) -> Check:
        """Which variables lead connections elsewhere; a proxy's user name and password are not shown."""
        found, remedy = [], ""
        for variable in _PROXY_VARIABLES:
            value = self._environment.get(variable) or self._environment.get(variable.lower())
            if value:
                found.append(f"{variable}={value if variable == 'NO_PROXY' else _without_password(value)}")
        for variable in _CERTIFICATE_VARIABLES:
            value = self._environment.get(variable)
            if value:
                found.append(f"{variable}={value}")
                if not Path(value).exists():
                    remedy = f"{variable} names a file that is not there: unset it or mend it."
        if not found:
            return Check("network", CheckState.OK, "no proxy and no certificates of its own are set")
        return Check("network", CheckState.WARN if remedy else CheckState.OK, ", ".join(found), remedy)


def _python() -> Check:
    detail = f"Python {platform.python_version()} in {sys.prefix} on {platform.platform()}"
    if sys.version_info < (3, 11):  # noqa: UP036 - a wheel forced onto an older interpreter gets this far
        return Check("python", CheckState.MISSING, detail, "Install Python 3.11 or newer.")
    return Check("python", CheckState.OK, detail)


def _processor() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    detail = f"{cores} core{'s' if cores > 1 else ''} usable, {platform.machine()}"
    if cores == 1:
        return Check("processor", CheckState.WARN, detail, "Training works and takes about twice as long as on two.")
    return Check("processor", CheckState.OK, detail)


def _memory() -> Check:
    total = base_models.physical_memory()
    free = _available_memory()
    if total is None:
        return Check("memory", CheckState.OK, "the system does not tell")
    if free is None:
        return Check("memory", CheckState.OK, f"{total / 1e9:.1f} GB")
    detail = f"{free / 1e9:.1f} GB free of {total / 1e9:.1f} GB"
    if free < _LITTLE_MEMORY:
        return Check("memory", CheckState.WARN, detail, "Close other programs before training here: 2 GB are needed.")
    return Check("memory", CheckState.OK, detail)


def _available_memory() -> int | None:
    """Bytes that a new process can take, within the control group's limit where there is one."""
    amounts = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        amounts += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        amounts.append(limit - int((group / "memory.current").read_text(encoding="ascii")))
    return min(amounts, default=None)


def _disk(name: str, folder: Path) -> Check:
    """The free space where the folder lies or will lie."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1e9:.1f} GB free for {folder}"
    if free < _LITTLE_DISK:
        return Check(name, CheckState.WARN, detail, "Free some space: training and a small model take 2 GB.")
    return Check(name, CheckState.OK, detail)


def _reading_libraries(what: str, formats: Sequence[str]) -> Check:
    """Whether files of some formats can be read; the journey needs none of them, so their absence is no fault."""
    missing = [reason for name in formats if (reason := missing_extra(name))]
    detail = f"optional; {missing[0]}" if missing else f"{', '.join(formats)} can be imported"
    return Check(f"files: {what}", CheckState.OK, detail)


def _training_libraries() -> Check:
    absent = [module for module in _EXTRA if importlib.util.find_spec(module) is None]
    if absent:
        detail = f"training on this machine needs {', '.join(absent)} ({_EXTRA_SIZE})"
        return Check("training libraries", CheckState.MISSING, detail, _INSTALL_EXTRA)
    return Check("training libraries", CheckState.OK, ", ".join(_EXTRA))


def _without_password(proxy: str) -> str:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme or 'http'}://{parts.hostname or '?'}{port}"
    except ValueError:
        return "(not an address)"
