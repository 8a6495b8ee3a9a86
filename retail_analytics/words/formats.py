"""Numbers, days and names as text."""

import re
from datetime import date
from math import floor, log10

MINUS = "−"
NOT_KNOWN = "not known"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NEARLY_ALL = 0.99
CURRENCY_SIGNS = {"USD": "$", "GBP": "£", "EUR": "€"}


def number(x: float | None) -> str:
    """9,133; 3.5; −12. In full, for tables; `about` shortens millions for sentences."""
    if x is None:
        return NOT_KNOWN
    return _signed(x, f"{abs(x):,.0f}" if abs(x) >= 99.95 or round(x, 1) == round(x) else f"{abs(x):,.1f}")


def whole(x: float | None) -> str:
    """48: of points, whose decimals nobody should read."""
    return NOT_KNOWN if x is None else number(round(x))


def about(x: float | None) -> str:
    """9,133; 1.4 million; 22 million."""
    if x is None or abs(x) < 999_500:
        return number(x)
    return _signed(x, _large(_two_digits(abs(x))))


def rate(x: float | None) -> str:
    """4.1; 0.32; 0.0041; 121. As many decimals as its size needs."""
    if x is None:
        return NOT_KNOWN
    size = abs(x)
    if size == 0:
        return "0"
    if size < 0.095:
        return _signed(x, f"{size:.{1 - floor(log10(size))}f}".rstrip("0"))
    return _signed(x, f"{size:,.{2 if size < 0.995 else 1 if size < 99.95 else 0}f}")


def percent(share: float | None, n: float | None = None, *, decimals: int | None = None) -> str:
    """21 %. Unless told, one decimal only below 10 % or above 90 %, and only of 1,000 or more.

    Never "0 %" of something, never "100 %" of not quite all.
    """
    if share is None:
        return NOT_KNOWN
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    if decimals is None:
        decimals = 1 if n and n >= 1000 and not 0.0995 < abs(share) < 0.9005 else 0
    smallest = 10.0**-decimals / 100
    if 0 < share < smallest / 2:
        return f"under {100 * smallest:g} %"
    if 1 - smallest / 2 < share < 1:
        return f"over {100 * (1 - smallest):g} %"
    return _signed(round(share * 100, decimals), f"{abs(share) * 100:.{decimals}f} %")


def percents(shares) -> list[str]:
    """99.75 %, 99.80 %: round shares beside each other, with the decimals that tell them apart."""
    decimals = _decimals([100 * share for share in shares])
    return [percent(share, decimals=decimals) for share in shares]


def numbers(values) -> list[str]:
    """0, 0.5, 1.0: round numbers beside each other, with the decimals that tell them apart."""
    decimals = _decimals(values)
    return ["0" if x == 0 else _signed(x, f"{abs(x):,.{decimals}f}") for x in values]


def n_of_n(numerator: float | None, denominator: float | None) -> str:
    """2,079 of 9,806."""
    return f"{number(numerator)} of {number(denominator)}"


def money(x: float | None, currency: str | None = None) -> str:
    """$1.2 million; £1,200; CHF 35; 1,200 if nobody says in what. Two significant digits."""
    if x is None:
        return NOT_KNOWN
    sign = CURRENCY_SIGNS.get(currency, f"{currency} ") if currency else ""
    size = _two_digits(abs(x))
    if size >= 1e6:
        return _signed(x, sign + _large(size))
    return _signed(x, sign + (f"{size:,.0f}" if size >= 10 or size == round(size) else f"{size:.2f}"))


def change(ratio: float | None) -> str:
    """+14 %; −2 %; 0 %. With a decimal where it would otherwise read 0."""
    if ratio is None:
        return NOT_KNOWN
    points = round(ratio * 100) or round(ratio * 100, 1) or 0
    sign = "+" if points > 0 else ""
    return f"{sign}{_signed(points, f'{abs(points):,}')} %"


def interval(low: float | None, high: float | None, form=number) -> str:
    """3.8 to 4.5, each end written by `form`; a common unit at the end is written once."""
    if low is None or high is None:
        return NOT_KNOWN
    first, last = form(low), form(high)
    return f"{first.removesuffix(' %')} to {last}" if last.endswith(" %") else f"{first} to {last}"


def value(x: float | None, metric, n: float | None = None) -> str:
    """A value of the metric as its kind is written; `n` is the denominator of a share."""
    match metric.estimate:
        case "share":
            return percent(x, n)
        case "ratio":  # of so many minutes that decimals count, near all of them two
            return percent(x, decimals=1 if x is None or x < NEARLY_ALL else 2)
        case "change":
            return change(x)
        case "rate":
            return rate(x)
        case "index":
            return whole(x)
        case "amount":
            return money(x, _currency(metric))
        case "duration":
            return NOT_KNOWN if x is None else plural(x, metric.every)
    return number(x)


def limit(x: float, metric) -> str:
    """A tolerance as it was agreed: 4.5; 99.5 %."""
    return percents([x])[0] if metric.estimate in ("share", "ratio") else value(x, metric)


def month(day: date) -> str:
    """October 2026."""
    return f"{day:%B %Y}"


def day(when: date) -> str:
    """14 Nov 2026."""
    return f"{when.day} {when:%b %Y}"


def period(first_day: date, every: str = "month") -> str:
    """October 2026; week of 12 Oct 2026; 36 months to October 2026, if that is what was summed."""
    if every == "week":
        return f"week of {day(first_day)}"
    return month(first_day) if every == "month" else f"{every} to {month(first_day)}"


def hour(of_day: int) -> str:
    """09:00."""
    return f"{of_day:02}:00"


def column(name: str) -> str:
    """store_id: store; device_class: device class."""
    return name.removesuffix("_id").replace("_", " ")


def named(column: str, key) -> str:
    """A group of a breakdown: payment terminal; Friday; 09:00. An id stays as it is; some rows carry none."""
    if key is None:
        return NOT_KNOWN
    if column == "weekday":
        return WEEKDAYS[key - 1]
    if column == "hour":
        return hour(key)
    return str(key) if column.endswith("_id") else str(key).replace("_", " ")


def opening(text: str) -> str:
    """Text as it begins a sentence or a line."""
    return text[:1].upper() + text[1:]


def plural(n: float, one: str, many: str | None = None) -> str:
    """1 incident; 2 incidents; 0 incidents; 3 batteries."""
    return f"{about(n)} {one if n == 1 else many or one + 's'}"


def listed(items) -> str:
    """A; A and B; A, B and C."""
    *rest, last = map(str, items)
    return f"{', '.join(rest)} and {last}" if rest else last


def probability(p: float) -> str:
    """Likely (72 %): always on the same scale, always with its number."""
    scale = ((0.95, "almost certain"), (0.90, "very likely"), (0.66, "likely"), (0.33, "about even"))
    scale += ((0.10, "unlikely"),)
    said = next((word for least, word in scale if p >= least), "very unlikely")
    return f"{said} ({chance(p)})"


def chance(p: float | None) -> str:
    """72 %; over 99 %. An estimated probability is never 0 or 1."""
    return percent(None if p is None else min(max(p, 1e-9), 1 - 1e-9))


def _currency(metric):
    found = re.search(r"\b[A-Z]{3}\b", metric.unit)
    return found and found[0]


def _signed(x, size):
    return MINUS + size if x < 0 and re.search(r"[1-9]", size) else size


def _two_digits(size):
    return size if size == 0 else round(size, 1 - floor(log10(size)))


def _large(size):
    for unit, word in ((1e9, "billion"), (1e6, "million")):
        if size >= unit:
            return f"{size / unit:,.0f} {word}" if size >= 10 * unit else f"{size / unit:.1f} {word}"
    return f"{size:,.0f}"


def _decimals(values) -> int:
    """The fewest decimals in which none of the values changes."""
    return next((n for n in range(6) if all(abs(round(x, n) - x) < 1e-9 for x in values)), 6)
