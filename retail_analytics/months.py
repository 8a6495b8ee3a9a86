"""Months as their first days, and windows of them."""

import re
from datetime import date

from retail_analytics.errors import ParameterError


def window(last_month: date | str, months: int) -> tuple[date, date]:
    """The first day of the first month and of the last month of a window.

    Raises ParameterError if `last_month` is not like 2026-10 or `months` is not from 1 to 600.
    """
    if isinstance(last_month, str):
        if not re.fullmatch(r"[12][0-9]{3}-(0[1-9]|1[0-2])", last_month):
            raise ParameterError(f"last_month is '{last_month}', expected a month like 2026-10.")
        last_month = date(int(last_month[:4]), int(last_month[5:]), 1)
    if not isinstance(months, int) or not 1 <= months <= 600:
        raise ParameterError(f"months is {months!r}, expected a whole number from 1 to 600.")
    index = last_month.year * 12 + last_month.month - months
    return date(index // 12, index % 12 + 1, 1), last_month.replace(day=1)


def day_of(name: str, value: date | str | None) -> date | None:
    """A day given as such or as text like 2026-09-15. Raises ParameterError that names the parameter."""
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} is '{value}', expected a day like 2026-09-15.") from None


def after(month: date, months: int = 1) -> date:
    """The first day of the month that begins `months` later."""
    index = month.year * 12 + month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def day_after(day: date) -> date:
    """The day after."""
    return date.fromordinal(day.toordinal() + 1)
