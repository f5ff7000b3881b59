"""Formatting of numbers."""

from collections.abc import Sequence

MINUS = "\N{MINUS SIGN}"


def decimal(value: float | None, digits: int = 4) -> str:
    """A number with `digits` significant digits; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    text = f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
    return text.replace("-", MINUS) if "e" not in text else text


def percent(share: float | None) -> str:
    """A fraction in percent, with enough decimals to distinguish it from 0 and 100."""
    if share is None:
        return "\N{EN DASH}"
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    return f"{100 * share:.1f} %" if 0.001 <= share <= 0.999 else f"{100 * share:.2f} %"


def thousands(number: int) -> str:
    """An integer with thousands separators."""
    return f"{number:,}"


def interval_of(bounds: Sequence[float] | None, is_share: bool) -> str:
    """The bounds of an interval; a dash for None."""
    if bounds is None:
        return "\N{EN DASH}"
    low, high = bounds
    if not is_share:
        return f"{decimal(low)} to {decimal(high)}"
    if low == high:
        return percent(low)
    digits = 1 if low >= 0.005 and high <= 0.995 else 2
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f} %"
