"""Numbers, days and names as text."""

import re
from datetime import date
from math import floor, log10

from retail_analytics.language import decimal, in_hundred, message, phrase, phrase_for, weekday, written

MINUS = "−"
NEARLY_ALL = 0.99
OF_OTHERS = ("region", "store", "store_format", "evidence")  # columns whose values are the data's own words
CURRENCY_SIGNS = {"USD": "$", "GBP": "£", "EUR": "€"}


def not_known() -> str:
    return phrase("not known")


def number(x: float | None) -> str:
    """9,133; 3.5; −12. In full, for tables; `about` shortens millions for sentences."""
    if x is None:
        return not_known()
    return _signed(x, decimal(abs(x), 0 if abs(x) >= 99.95 or round(x, 1) == round(x) else 1))


def whole(x: float | None) -> str:
    """48: of points, whose decimals nobody should read."""
    return not_known() if x is None else number(round(x))


def about(x: float | None) -> str:
    """9,133; 1.4 million; 22 million."""
    if x is None or abs(x) < 999_500:
        return number(x)
    return _signed(x, _large(_two_digits(abs(x))))


def rate(x: float | None) -> str:
    """4.1; 0.32; 0.0041; 121. As many decimals as its size needs."""
    if x is None:
        return not_known()
    size = abs(x)
    if size == 0:
        return "0"
    if size < 0.095:
        return _signed(x, decimal(size, len(f"{size:.{1 - floor(log10(size))}f}".rstrip("0")) - len("0.")))
    return _signed(x, decimal(size, 2 if size < 0.995 else 1 if size < 99.95 else 0))


def percent(share: float | None, n: float | None = None, *, decimals: int | None = None) -> str:
    """21 %. Unless told, one decimal only below 10 % or above 90 %, and only of 1,000 or more.

    Never "0 %" of something, never "100 %" of not quite all.
    """
    if share is None:
        return not_known()
    if share in (0, 1):
        return in_hundred(decimal(100 * share))
    if decimals is None:
        decimals = 1 if n and n >= 1000 and not 0.0995 < abs(share) < 0.9005 else 0
    smallest = 10.0**-decimals / 100
    if 0 < share < smallest / 2:
        return phrase("under {share}", share=in_hundred(decimal(100 * smallest, decimals)))
    if 1 - smallest / 2 < share < 1:
        return phrase("over {share}", share=in_hundred(decimal(100 * (1 - smallest), decimals)))
    return _signed(round(share * 100, decimals), in_hundred(decimal(abs(share) * 100, decimals)))


def percents(shares) -> list[str]:
    """99.75 %, 99.80 %: round shares beside each other, with the decimals that tell them apart."""
    decimals = _decimals([100 * share for share in shares])
    return [percent(share, decimals=decimals) for share in shares]


def numbers(values) -> list[str]:
    """0, 0.5, 1.0: round numbers beside each other, with the decimals that tell them apart."""
    decimals = _decimals(values)
    return ["0" if x == 0 else _signed(x, decimal(abs(x), decimals)) for x in values]


def n_of_n(numerator: float | None, denominator: float | None) -> str:
    """2,079 of 9,806."""
    return phrase("{part} of {whole}", part=number(numerator), whole=number(denominator))


def money(x: float | None, currency: str | None = None) -> str:
    """$1.2 million; £1,200; CHF 35; 1,200 if nobody says in what. Two significant digits."""
    if x is None:
        return not_known()
    size = _two_digits(abs(x))
    amount = _large(size) if size >= 1e6 else decimal(size, 0 if size >= 10 or size == round(size) else 2)
    if not currency:
        return _signed(x, amount)
    if currency in CURRENCY_SIGNS:
        return _signed(x, phrase("{sign}{amount}", sign=CURRENCY_SIGNS[currency], amount=amount))
    return _signed(x, phrase("{currency} {amount}", currency=currency, amount=amount))


def change(ratio: float | None) -> str:
    """+14 %; −2 %; 0 %. With a decimal where it would otherwise read 0."""
    if ratio is None:
        return not_known()
    points = round(ratio * 100) or round(ratio * 100, 1) or 0
    size = in_hundred(decimal(abs(points), 0 if points == round(points) else 1))
    return f"+{size}" if points > 0 else _signed(points, size)


def interval(low: float | None, high: float | None, form=number) -> str:
    """3.8 to 4.5, each end written by `form`; a common unit at the end is written once."""
    if low is None or high is None:
        return not_known()
    first, last = form(low), form(high)
    return phrase("{low} to {high}", low=first.removesuffix(" %") if last.endswith(" %") else first, high=last)


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
            return not_known() if x is None else plural(x, metric.every)
    return number(x)


def limit(x: float, metric) -> str:
    """A tolerance as it was agreed: 4.5; 99.5 %."""
    return percents([x])[0] if metric.estimate in ("share", "ratio") else value(x, metric)


def month(day: date) -> str:
    """October 2026."""
    return written(day, "%B %Y", "yMMMM")


def day(when: date) -> str:
    """14 Nov 2026."""
    return written(when, f"{when.day} %b %Y", "yMMMd")


def period(first_day: date, every: str = "month") -> str:
    """October 2026; week of 12 Oct 2026; 36 months to October 2026, if that is what was summed."""
    if every == "week":
        return phrase("week of {day}", day=day(first_day))
    return month(first_day) if every == "month" else to_the_end(span(every), first_day)


def span(every: str) -> str:
    """36 months, as `every` says what was summed."""
    n, _, many = every.partition(" ")
    return plural(int(n), many.removesuffix("s"))


def to_the_end(span: str, last_month: date) -> str:
    """36 months to October 2026."""
    return phrase("{span} to {month}", span=span, month=month(last_month))


def hour(of_day: int) -> str:
    """09:00."""
    return f"{of_day:02}:00"


def column(name: str) -> str:
    """store_id: store; device_class: device class."""
    return phrase(name.removesuffix("_id").replace("_", " "))


def named(column: str, key) -> str:
    """A group of a breakdown: payment terminal; Friday; 09:00. An id stays as it is; some rows carry none."""
    if key is None:
        return not_known()
    if column == "weekday":
        return weekday(key)
    if column == "hour":
        return hour(key)
    if column in OF_OTHERS or column.endswith("_id"):
        return str(key) if column.endswith("_id") else str(key).replace("_", " ")
    return phrase(str(key).replace("_", " "))


def many(noun: str) -> str:
    """Days: the noun of a regular plural, as the head of a column or an axis."""
    return opening(phrase_for(2, noun, f"{noun}s"))


def opening(text: str) -> str:
    """Text as it begins a sentence or a line."""
    return text[:1].upper() + text[1:]


def plural(n: float, one: str, many: str | None = None) -> str:
    """1 incident; 2 incidents; 0 incidents; 3 batteries."""
    return f"{about(n)} {phrase_for(n, one, many or one + 's')}"


def listed(items) -> str:
    """A; A and B; A, B and C."""
    *rest, last = map(str, items)
    return phrase("{items} and {last}", items=", ".join(rest), last=last) if rest else last


def probability(p: float) -> str:
    """Likely (72 %): always on the same scale, always with its number."""
    return f"{phrase(next(word for least, word in LIKELY if p >= least))} ({chance(p)})"


LIKELY = (
    (0.95, message("almost certain")),
    (0.90, message("very likely")),
    (0.66, message("likely")),
    (0.33, message("about even")),
    (0.10, message("unlikely")),
    (0.00, message("very unlikely")),
)


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
    for unit, word in ((1e9, message("{n} billion")), (1e6, message("{n} million"))):
        if size >= unit:
            return phrase(word, n=decimal(size / unit, 0 if size >= 10 * unit else 1))
    return decimal(size)


def _decimals(values) -> int:
    """The fewest decimals in which none of the values changes."""
    return next((n for n in range(6) if all(abs(round(x, n) - x) < 1e-9 for x in values)), 6)
