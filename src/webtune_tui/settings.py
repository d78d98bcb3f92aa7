"""What the person chose, from built-in values up to the environment, and where things lie on this machine.

Precedence, lowest to highest: built-in, ``config.toml`` (user), ``webtune.toml`` (workspace), environment, flags.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits

APP_NAME = "webtune"
DEFAULT_BRIGHTDATA_URL = "https://api.brightdata.com"
_PERSONAL_ONLY = (("pages", "allow_private"),)  # a workspace of somebody else must not open this person's network
_FORBIDDEN_WORDS = ("api_key", "apikey", "token", "secret", "password")


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """An OpenAI-compatible provider of the person's own. ``key`` names the stored secret, it never holds it."""

    name: str
    kind: str = "openai"
    base_url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The merged settings. Money is USD, durations are seconds; ``None`` means not set."""

    brightdata_url: str = DEFAULT_BRIGHTDATA_URL
    price_per_1000_records: float = 1.5
    price_dated: str = "2026-11-22"
    marketplace_price_per_1000_records: float = 2.5
    marketplace_price_dated: str = "2026-11-22"
    batches_from_records: int = 20_000  # a snapshot of so many records is fetched in batches
    records_per_batch: int = 10_000  # the service takes 1,000 and more
    limit_per_input: int = 50
    max_records: int = 500
    poll_seconds: float | None = None
    listing_seconds: float = 600.0  # how long a triggered snapshot may be missing in the service's own list
    cap_usd: float | None = None
    provider: str = "local"
    base_model: str = ""
    theme: str = "webtune-dark"
    notifications: bool = True
    notify: str = "osc9"  # how to call the person back to an unfocused window; see tui/attention.py
    local_threads: int | None = None
    local_idle_seconds: int = 900
    provider_urls: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    limits: ReadLimits = DEFAULT_LIMITS
    price_per_1000_requests: float = 1.5
    page_delay_seconds: float = 1.0
    page_user_agent: str = ""
    page_allow_private: tuple[str, ...] = ()


_TOML_KEYS: dict[tuple[str, str], tuple[str, type]] = {
    ("brightdata", "url"): ("brightdata_url", str),
    ("brightdata", "price_per_1000_records"): ("price_per_1000_records", float),
    ("brightdata", "price_dated"): ("price_dated", str),
    ("brightdata", "marketplace_price_per_1000_records"): ("marketplace_price_per_1000_records", float),
    ("brightdata", "marketplace_price_dated"): ("marketplace_price_dated", str),
    ("collect", "batches_from_records"): ("batches_from_records", int),
    ("collect", "records_per_batch"): ("records_per_batch", int),
    ("brightdata", "price_per_1000_requests"): ("price_per_1000_requests", float),
    ("pages", "delay_seconds"): ("page_delay_seconds", float),
    ("pages", "user_agent"): ("page_user_agent", str),
    ("pages", "allow_private"): ("page_allow_private", tuple),
    ("collect", "limit_per_input"): ("limit_per_input", int),
    ("collect", "max_records"): ("max_records", int),
    ("collect", "poll_seconds"): ("poll_seconds", float),
    ("collect", "listing_seconds"): ("listing_seconds", float),
    ("money", "cap_usd"): ("cap_usd", float),
    ("train", "provider"): ("provider", str),
    ("train", "base"): ("base_model", str),
    ("local", "threads"): ("local_threads", int),
    ("local", "idle_seconds"): ("local_idle_seconds", int),
    ("app", "theme"): ("theme", str),
    ("app", "notifications"): ("notifications", bool),
    ("app", "notify"): ("notify", str),
}
_CHOICES = {"app.notify": ("bell", "osc9", "osc777", "desktop", "off")}


def config_file() -> Path:
    """The person's own settings file; it need not exist."""
    from platformdirs import user_config_path  # 30 ms that --help need not pay

    return user_config_path(APP_NAME, appauthor=False) / "config.toml"


def default_workspace() -> Path:
    """Where the workspace lies when neither ``-w`` nor ``WEBTUNE_WORKSPACE`` names one."""
    from platformdirs import user_data_path

    return user_data_path(APP_NAME, appauthor=False) / "workspace"


def demo_workspace() -> Path:
    """The demo's own workspace, apart from the person's."""
    from platformdirs import user_data_path

    return user_data_path(APP_NAME, appauthor=False) / "demo"


def cache_folder() -> Path:
    """Where base models and lists of services are kept that can be fetched again; ``purge --cache`` empties it."""
    from platformdirs import user_cache_path

    return user_cache_path(APP_NAME, appauthor=False)


def models_folder() -> Path:
    """Where converted base models are cached for all workspaces."""
    return cache_folder() / "models"


def state_folder() -> Path:
    """What webtune remembers for the person beside any workspace, such as that a notice was shown."""
    from platformdirs import user_state_path

    return user_state_path(APP_NAME, appauthor=False)


def log_folder() -> Path:
    """Where log and crash files go."""
    from platformdirs import user_log_path

    return user_log_path(APP_NAME, appauthor=False)


def workspace_path(flag: str | Path | None, environment: Mapping[str, str] | None = None) -> Path:
    """The workspace folder as an absolute path: the flag, else the environment, else the default."""
    chosen = flag or (os.environ if environment is None else environment).get("WEBTUNE_WORKSPACE")
    return Path(chosen).expanduser().absolute() if chosen else default_workspace()


def load(workspace: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this machine, this workspace and this environment.

    Raises:
        UsageError: a file that is not TOML, an unknown or misfit value, or a secret in a settings file.
    """
    values: dict[str, Any] = {}
    providers: dict[str, ProviderSettings] = {}
    limits: dict[str, int] = {}
    files = [config_file()]
    if workspace is not None:
        files.append(workspace / "webtune.toml")
    for path in files:
        document = _read_toml(path)
        providers |= _providers(document.pop("providers", {}), path)
        limits |= _limits(document.pop("limits", {}), path)
        values |= _flatten(document, path)
    values |= _from_environment(os.environ if environment is None else environment)
    return Settings(**values, providers=providers, limits=ReadLimits(**limits))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", hint="Check its permissions.") from error
    import tomllib  # most have no such file

    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}", hint="Mend or remove the file.") from error


def _flatten(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for table, content in document.items():
        if not isinstance(content, Mapping):
            raise UsageError(f"{path}: {table!r} must be a table", hint=f"Write it as [{table}].")
        for key, value in content.items():
            _refuse_secret(key, path)
            if (table, key) not in _TOML_KEYS:
                known = sorted(f"{t}.{k}" for t, k in _TOML_KEYS)
                raise UsageError(f"{path}: unknown setting {table}.{key}", hint=f"Known: {', '.join(known)}")
            if (table, key) in _PERSONAL_ONLY and path.name == "webtune.toml":
                raise UsageError(
                    f"{path}: {table}.{key} is not read from a workspace", hint=f"Set it in {config_file()}"
                )
            name, kind = _TOML_KEYS[table, key]
            values[name] = _typed(value, kind, f"{path}: {table}.{key}")
            choices = _CHOICES.get(f"{table}.{key}")
            if choices and value not in choices:
                raise UsageError(
                    f"{path}: {table}.{key} = {value!r} does not fit", hint=f"One of: {', '.join(choices)}"
                )
    return values


def _typed(value: Any, kind: type, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is float and isinstance(value, float) and not (math.isfinite(value) and value >= 0):
        raise UsageError(f"{where} = {value!r} does not fit", hint="Give a number from 0 up.")
    if kind is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UsageError(f"{where} = {value!r} does not fit", hint='Give a list of texts: ["one", "two"].')
        return tuple(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UsageError(f"{where} = {value!r} does not fit", hint=f"Give a {kind.__name__}.")
    return value


def _limits(table: Any, path: Path) -> dict[str, int]:
    known = {limit.name for limit in fields(ReadLimits)}
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: 'limits' must be a table", hint="Write it as [limits].")
    for name, value in table.items():
        if name not in known:
            raise UsageError(f"{path}: unknown setting limits.{name}", hint=f"Known: {', '.join(sorted(known))}")
        if _typed(value, int, f"{path}: limits.{name}") < 1:
            raise UsageError(f"{path}: limits.{name} = {value} does not fit", hint="Give a whole number from 1 up.")
    return dict(table)


def _providers(tables: Mapping[str, Any], path: Path) -> dict[str, ProviderSettings]:
    found = {}
    for name, table in tables.items():
        unknown = set(table) - {"kind", "base_url", "key"}
        for key in unknown:
            _refuse_secret(key, path)
            raise UsageError(f"{path}: unknown setting providers.{name}.{key}", hint="Known: kind, base_url, key")
        found[name] = ProviderSettings(
            name=name,
            kind=str(table.get("kind", "openai")),
            base_url=str(table.get("base_url", "")),
            key=str(table.get("key", name)),
        )
        if not found[name].base_url:
            raise UsageError(f"{path}: providers.{name} has no base_url", hint='Add base_url = "https://…/v1".')
    return found


def _refuse_secret(key: str, path: Path) -> None:
    if any(word in key.lower() for word in _FORBIDDEN_WORDS):
        raise UsageError(
            f"{path}: {key} looks like a secret; keys are never read from files",
            hint="Remove it and run: webtune keys set NAME",
        )


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if url := environment.get("WEBTUNE_BRIGHTDATA_URL"):
        values["brightdata_url"] = url
    if seconds := environment.get("WEBTUNE_POLL_SECONDS"):
        try:
            values["poll_seconds"] = _typed(float(seconds), float, "WEBTUNE_POLL_SECONDS")
        except ValueError:
            raise UsageError(f"WEBTUNE_POLL_SECONDS={seconds!r} is no number", hint="Give seconds.") from None
    urls = {
        name.removeprefix("WEBTUNE_").removesuffix("_URL").lower(): value
        for name, value in environment.items()
        if name.startswith("WEBTUNE_") and name.endswith("_URL") and name != "WEBTUNE_BRIGHTDATA_URL" and value
    }
    if base_url := environment.get("OPENAI_BASE_URL"):
        urls.setdefault("openai", base_url)
    if urls:
        values["provider_urls"] = urls
    return values
