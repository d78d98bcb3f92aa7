"""Numbers as a person reads them: counts, money, durations, ages, sizes, rates. ``None`` reads as a dash."""

from __future__ import annotations

from webtune_tui.domain import clock
from webtune_tui.domain.amounts import usd

UNKNOWN = "—"
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def count(value: int | None, singular: str = "", plural: str = "") -> str:
    """``1,234`` or, with a word, ``1 record`` and ``1,234 records``."""
    if value is None:
        return UNKNOWN
    if not singular:
        return f"{value:,}"
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def money(amount: float | None) -> str:
    """US dollars, where they are known."""
    return UNKNOWN if amount is None else usd(amount)


def duration(seconds: float | None) -> str:
    """``8 s``, ``3 min 05 s``, ``2 h 14 min``, ``3 d 04 h``."""
    if seconds is None:
        return UNKNOWN
    whole = max(round(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR:02d} h"


def short_duration(seconds: float | None) -> str:
    """One unit, for narrow columns: ``8s``, ``3m``, ``2h``, ``3d``."""
    if seconds is None:
        return UNKNOWN
    whole = max(round(seconds), 0)
    for limit, unit, size in ((_MINUTE, "s", 1), (_HOUR, "m", _MINUTE), (_DAY, "h", _HOUR)):
        if whole < limit:
            return f"{whole // size}{unit}"
    return f"{whole // _DAY}d"


def age(since: str | None, now: str | None = None) -> str:
    """How long ago an RFC 3339 time was, in one unit; the moment ``now`` can be given."""
    return short_duration(clock.seconds_between(since, now or clock.now()))


def local_time(moment: str | None) -> str:
    """The clock time of an RFC 3339 moment where the person is: ``14:05:09``."""
    return clock.parse_rfc3339(moment).astimezone().strftime("%H:%M:%S") if moment else UNKNOWN


def local_date(moment: str | None) -> str:
    """Date and time of an RFC 3339 moment where the person is: ``2026-11-22 14:05``."""
    return clock.parse_rfc3339(moment).astimezone().strftime("%Y-%m-%d %H:%M") if moment else UNKNOWN


def size(value: int | None) -> str:
    """Bytes in decimal units, as disks are sold: ``512 B``, ``1.2 MB``, ``3.4 GB``."""
    if value is None:
        return UNKNOWN
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if abs(amount) < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def rate(amount: float, seconds: float | None, unit: str) -> str:
    """``12 records/s`` or, when slow, ``4.5 records/min``; a dash before there is anything to say."""
    if not seconds or not amount:
        return UNKNOWN
    per_second = amount / seconds
    if per_second >= 1:
        return f"{per_second:,.0f} {unit}/s"
    return f"{per_second * _MINUTE:.1f} {unit}/min"


def share(part: int, whole: int) -> str:
    """``12 %``; a dash of nothing."""
    return f"{100 * part / whole:.0f} %" if whole else UNKNOWN
