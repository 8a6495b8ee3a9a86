"""Numbers to text, verdicts and the wording rules: the only home of formatting.

"Rose" and "fell" are said only of a change that is established (95 % interval without 0) and material;
nothing here says why something changed.
"""

import re
from dataclasses import dataclass
from datetime import date
from math import floor, log10

from retail_analytics import compare
from retail_analytics.measure import Measured, Stock

MINUS = "−"
NOT_KNOWN = "not known"
WIDE = 5  # times the materiality: if only a larger change could have been seen, silence proves nothing
SURE = 0.66  # from here on a probability is called likely, and a sentence names the one thing
LISTED = 8  # groups that a sentence can name one by one
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CURRENCY_SIGNS = {"USD": "$", "GBP": "£", "EUR": "€"}


# Formatting


def number(x: float | None) -> str:
    """9,133; 3.5; −12. In full, for tables; `about` shortens millions for sentences."""
    if x is None:
        return NOT_KNOWN
    return _signed(x, f"{abs(x):,.0f}" if abs(x) >= 99.95 or round(x, 1) == round(x) else f"{abs(x):,.1f}")


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
        return _signed(x, f"{size:.{1 - floor(log10(size))}f}")
    return _signed(x, f"{size:,.{2 if size < 0.995 else 1 if size < 99.95 else 0}f}")


def percent(share: float | None, n: float | None = None) -> str:
    """21 %. One decimal only below 10 % or above 90 %, and only of 1,000 or more.

    Never "0 %" of something, never "100 %" of not quite all.
    """
    if share is None:
        return NOT_KNOWN
    decimals = 1 if n and n >= 1000 and not 0.0995 < abs(share) < 0.9005 else 0
    smallest = 10.0**-decimals / 100
    if 0 < share < smallest / 2:
        return f"under {100 * smallest:g} %"
    if 1 - smallest / 2 < share < 1:
        return f"over {100 * (1 - smallest):g} %"
    return _signed(round(share * 100, decimals), f"{abs(share) * 100:.{decimals}f} %".replace("100.0", "100"))


def n_of_n(numerator: float | None, denominator: float | None) -> str:
    """2,079 of 9,806."""
    return f"{number(numerator)} of {number(denominator)}"


def money(x: float | None, currency: str = "USD") -> str:
    """$1.2 million; £1,200; CHF 35. Two significant digits."""
    if x is None:
        return NOT_KNOWN
    sign = CURRENCY_SIGNS.get(currency, f"{currency} ")
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
        case "ratio":  # of so many minutes that a decimal always counts
            return percent(x, 1000)
        case "change":
            return change(x)
        case "rate":
            return rate(x)
        case "amount":
            return money(x, _currency(metric))
        case "duration":
            return NOT_KNOWN if x is None else plural(x, "day")
    return number(x)


def month(day: date) -> str:
    """October 2026."""
    return f"{day:%B %Y}"


def day(when: date) -> str:
    """14 Nov 2026."""
    return f"{when.day} {when:%b %Y}"


def period(first_day: date, every: str = "month") -> str:
    """October 2026; week of 12 Oct 2026."""
    return month(first_day) if every == "month" else f"{every} of {day(first_day)}"


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
    return f"{said} ({percent(p)})"


# Verdicts


@dataclass(frozen=True)
class Verdict:
    """What may be said of a number.

    status: "worse" or "better" (judged), "no_clear", "cannot_tell" or "not_judged". sentence is the
    whole claim; reason, if there is one, is a sentence for the list of what we cannot say.
    """

    status: str
    word: str
    sentence: str
    number: str = ""
    interval: str = ""
    reason: str | None = None

    @property
    def claim(self) -> str:
        """The first sentence: what is claimed, without the amounts behind it."""
        return self.sentence.split(". ")[0].rstrip(".") + "."


def verdict(compared: Measured) -> Verdict:
    """The verdict on a change made by statistics.rates.year_on_year, of one group.

    Rose or fell if the 95 % interval leaves out 0 and the change is material (a counted stock needs no
    interval); probably, if only the 80 % interval does; cannot tell if there is a reason, or if only a
    change of five times the material one could have been seen; else no clear change.
    """
    metric = compared.metric
    if compared.not_recorded:
        return _not_recorded(compared)
    whether = f"Whether {_inside(metric.label)} rose or fell"
    if compared.rows.height != 1:
        sentence = f"{metric.label}: cannot tell; there is no one change to judge."
        return Verdict("cannot_tell", "Cannot tell", sentence, reason=f"{whether}: there is no one change.")
    row = compared.rows.row(0, named=True)
    number = "" if row["change"] is None else change(row["change"])
    counted = row["low"] is None
    limits = "counted, not sampled" if counted else interval(row["low"], row["high"], change)
    between = limits if counted else f"95 % {limits}"

    def say(status, word, claim, unsure=None):
        reason = f"{whether}: {unsure}." if unsure else None
        sentence = f"{claim}. {_against(compared, row)}"
        return Verdict(status, word, sentence, number, "" if row["reason"] else limits, reason)

    if row["reason"]:
        why = _why(compared, row)
        return say("cannot_tell", "Cannot tell", f"{metric.label}: cannot tell; {why}", why)
    direction = "rose" if row["change"] > 0 else "fell"
    by = f"{direction} by {number.lstrip('+' + MINUS)} ({between})"
    material = abs(row["change"]) >= metric.materiality
    established = counted or _leaves_out_zero(row["low"], row["high"])
    if established and material:
        return say(_status(metric, direction), direction.capitalize(), f"{_subject(metric)} {by}")
    if established:
        little = f"{number} ({between}), less than the {percent(metric.materiality)} that matter"
        return say("no_clear", "No clear change", f"{metric.label}: no clear change, {little}")
    if material and _leaves_out_zero(row["low80"], row["high80"]):
        unsure = f"{number} ({between}) is not established"
        claim = f"{_subject(metric)} probably {by}; not established"
        return say("no_clear", f"Probably {direction}", claim, unsure)
    if row["smallest_detectable"] > WIDE * metric.materiality:
        seen = f"we could only have seen a change of {percent(row['smallest_detectable'])} or more"
        return say("cannot_tell", "Cannot tell", f"{metric.label}: cannot tell; {seen} ({between})", seen)
    return say("no_clear", "No clear change", f"{metric.label}: no clear change ({between})")


def judged(measured: Measured) -> Verdict:
    """The last settled period against the tolerance that an owner agreed; without one it is not judged.

    Outside or within only if the whole 95 % interval is, where there is one; else at tolerance.
    """
    metric, tolerance = measured.metric, measured.tolerance
    if measured.not_recorded:
        return _not_recorded(measured)
    rows = compare.latest(measured).rows
    if rows.height != 1:
        return Verdict("not_judged", "Not judged", f"{metric.label}: not judged; there is no one value to judge.")
    row = rows.row(0, named=True)
    whether = f"Whether {_inside(metric.label)} is within tolerance"
    when = period(row["period"], measured.every) if "period" in row else _window(measured)
    if row["value"] is None:
        unknown = f"no value is known for {when}"
        sentence = f"{metric.label}: cannot tell; {unknown}."
        return Verdict("cannot_tell", "Cannot tell", sentence, reason=f"{whether}: {unknown}.")
    n = row.get("denominator")
    bound = value(tolerance["limit"], metric, n) if tolerance else ""
    beside = "; ".join(part for part in (_limits(row, metric), bound and f"tolerance {bound}") if part)

    def say(status, word, claim, unsure=None):
        unit = f" {metric.unit}" if metric.estimate == "rate" else ""
        sentence = f"{metric.label}: {value(row['value'], metric, n)}{unit}{_beside(row, metric)} in {when}"
        reason = f"{whether}: {unsure}." if unsure else None
        return Verdict(status, word, f"{sentence}: {claim}.", value(row["value"], metric, n), beside, reason)

    if tolerance is None or metric.better is None:
        why = "no tolerance agreed" if tolerance is None else "neither higher nor lower is better"
        return say("not_judged", "Not judged", f"not judged, {why}", why)
    agreed = f"the tolerance of {bound} agreed by {tolerance['owner']} on {day(tolerance['agreed_on'])}"
    if _too_few_to_judge(row, metric, tolerance["limit"]):
        return say("cannot_tell", "Cannot tell", f"cannot tell, too few to judge against {agreed}", "too few")
    # Turned round where higher is better, so that outside is always above.
    turn = 1 if metric.better == "lower" else -1
    ends = [turn * (row["value"] if row.get(end) is None else row[end]) for end in ("low", "high")]
    if min(ends) > turn * tolerance["limit"]:
        side = "above" if turn == 1 else "below"
        return say("worse", f"{side.capitalize()} tolerance", f"{side} {agreed}")
    if max(ends) <= turn * tolerance["limit"]:
        return say("better", "Within tolerance", f"within {agreed}")
    return say("no_clear", "At tolerance", f"cannot be separated from {agreed}", "its interval holds the limit")


def grown(measured: Measured) -> Verdict:
    """What may be said of a stock's net growth in 12 months (metrics.iot.growth): it is counted, not sampled."""
    if measured.not_recorded:
        return _not_recorded(measured)
    row = measured.rows.row(0, named=True)
    if row["value"] is None:
        why = "the data do not cover 12 months"
        return Verdict("cannot_tell", "Cannot tell", f"{measured.metric.label}: cannot tell; {why}.", reason=f"Growth: {why}.")
    word = "Grew" if row["numerator"] > 0 else "Shrank" if row["numerator"] < 0 else "Did not grow"
    by = f" by {percent(abs(row['value']), row['denominator'])}" if row["numerator"] else ""
    sentence = (
        f"The estate {_inside(word)}{by} in the 12 months to {month(measured.last_month)}. It stood at "
        f"{number(row['denominator'])} devices; {number(row['arrived'])} arrived and {number(row['left'])} left."
    )
    if row["newly_visible"]:
        sentence += f" {plural(row['newly_visible'], 'device')} became visible, which is not growth."
    return Verdict("not_judged", word, sentence, change(row["value"]), "counted, not sampled")


def scored(index: Measured) -> Verdict:
    """What may be said of a readiness index (statistics.scorecard): its value, limits and weakest domain."""
    row, domains = index.rows.row(0, named=True), index.rows.filter(index.rows["domain"] != "index")
    weakest = domains.sort("weakest", descending=True).row(0, named=True)
    limits = "" if row["low"] is None else interval(row["low"], row["high"], _whole)
    said = f" (95 % {limits})" if limits else ""
    sentence = f"Readiness is {_whole(row['value'])} of 100{said}. "
    if weakest["weakest"] >= SURE:
        sentence += f"The weakest domain is {_inside(weakest['label'])}: {probability(weakest['weakest'])}."
    else:
        sentence += "Which domain is the weakest cannot be told."
    missing = domains.filter(domains["indicators"] == 0)["label"].to_list()
    reason = f"Readiness in {listed(_inside(name) for name in missing)}: nothing is measured there." if missing else None
    return Verdict("not_judged", "Scored", sentence, _whole(row["value"]), limits and f"of 100; {limits}", reason)


def counted(index: Measured) -> str:
    """How much of a readiness index is measured: 17 indicators measured, 4 missing."""
    row = index.rows.row(0, named=True)
    return f"{plural(row['indicators'], 'indicator')} earned a level, {row['missing']} missing. T1 described."


def headline(*verdicts: Verdict) -> str:
    """The claims of a summary in one sentence, without their intervals."""
    said = [re.sub(r" \([^)]*\)", "", one.claim).split(";")[0].rstrip(".") for one in verdicts]
    return "; ".join([said[0], *(_inside(one) for one in said[1:])]) + "."


def watch_list(ranked: Measured) -> str:
    """How many groups are established above their peers (statistics.ranking.shrunken), of how many."""
    if ranked.not_recorded:
        return f"Not recorded: {ranked.not_recorded}."
    above = (ranked.rows["established"] == "above").sum()
    of = f"{number(above)} of {number(ranked.rows.height)} stores"
    return f"{of} {'is' if above == 1 else 'are'} established above their peers; the others cannot be separated from them"


# Sentences


def latest(measured: Measured) -> str:
    """One sentence about the last settled period, with interval and n."""
    metric = measured.metric
    if measured.not_recorded:
        return f"Not recorded: {measured.not_recorded}."
    if {"closed", "value", "n"} <= set(measured.rows.columns):
        return _medians(measured)
    if not {"period", "value"} <= set(measured.rows.columns):
        return f"{metric.label}."
    rows = compare.latest(measured).rows
    if rows.is_empty():
        return f"{metric.label}: nothing settled yet."
    when = period(rows["period"][0], measured.every)
    names = _naming(measured)
    if names:
        unit = f", {metric.unit}" if metric.estimate == "rate" else ""
        groups = _extremes(rows, names, lambda row: _with_limits(row, metric))
        return f"{metric.label} in {when}{unit}: {groups}.{_late(measured)}"
    row = rows.row(0, named=True)
    if row["value"] is None:
        return f"{metric.label} in {when}: {NOT_KNOWN}."
    if metric.estimate == "share" and row["denominator"] < compare.FEWEST_MEMBERS:
        parts = n_of_n(row["numerator"], row["denominator"])
        return f"{metric.label}: {parts} in {when}; too few for a share.{_late(measured)}"
    if metric.estimate == "rate":
        said = f"{rate(row['value'])} {metric.unit}{_beside(row, metric)}{_amounts(row, metric)}"
        return f"In {when} {said}.{_late(measured)}"
    return f"{metric.label}: {_with_limits(row, metric)} in {when}.{_late(measured)}"


def describe(measured: Measured) -> str:
    """What a chart of this table shows, for those who do not see it: ends, extremes, gaps."""
    metric, rows = measured.metric, measured.rows
    if measured.not_recorded:
        return f"Not recorded: {measured.not_recorded}."
    if rows.is_empty():
        return f"{metric.label}: nothing to show."
    if {"opening", "closing"} <= set(rows.columns):
        return _movement(measured)
    if "days" in rows.columns:
        return _waiting(measured)
    if "period" not in rows.columns or rows["period"].n_unique() == 1:
        return f"{metric.label}, {metric.unit}: {_extremes(rows, _naming(measured), _form(measured))}."
    first, last = (period(end, measured.every) for end in (rows["period"].min(), rows["period"].max()))
    names = _naming(measured)
    parts = [f"{metric.label}, {metric.unit}, by {measured.every}, {first} to {last}{'.' if names else ':'}"]
    series = rows.partition_by(*names, as_dict=True, maintain_order=True) if names else {(): rows}
    if len(series) > LISTED:
        ending = compare.latest(measured).rows
        parts.append(f"{period(ending['period'][0], measured.every)}: {_extremes(ending, names, _form(measured))}.")
    else:
        parts += [_course(one, names, measured) for one in series.values()]
    return " ".join(parts) + _late(measured)


def _course(rows, names, measured):
    name = f"{_named(rows.row(0, named=True), names)}: " if names else ""
    known = rows.drop_nulls("value")
    if known.is_empty():
        return f"{name or 'All periods '}{NOT_KNOWN}."
    form = _form(measured)

    def point(row):
        return f"{form(row)} in {period(row['period'], measured.every)}"

    by_value = known.sort("value", maintain_order=True)
    ends = [
        known.row(0, named=True),
        known.row(-1, named=True),
        by_value.row(0, named=True),
        by_value.row(-1, named=True),
    ]
    said = ", ".join(
        f"{word} {point(row)}" for word, row in zip(("first", "last", "lowest", "highest"), ends, strict=True)
    )
    gaps = rows.height - known.height
    return f"{name}{said}{f'; {plural(gaps, measured.every)} {NOT_KNOWN}' if gaps else ''}."


def _extremes(rows, names, form):
    """All groups if they are few, else the highest and the lowest."""
    known = rows.drop_nulls("value").sort("value", descending=True, maintain_order=True)
    if known.is_empty():
        return NOT_KNOWN

    def point(row):
        return f"{_named(row, names)} {form(row)}".strip()

    if rows.height <= LISTED:
        return ", ".join(point(row) for row in rows.iter_rows(named=True))
    top = ", ".join(point(row) for row in known.head(3).iter_rows(named=True))
    return f"highest {top}; lowest {point(known.row(-1, named=True))}; {number(rows.height)} in all"


def _movement(measured):
    rows, metric = measured.rows, measured.metric
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    moves = [name for name in ("arrived", "newly_visible", "left") if name in rows.columns]
    said = ", ".join(f"{name.replace('_', ' ')} {number(rows[name].sum())}" for name in moves)
    ends = f"{number(first['opening'])} at the start of {period(first['period'], measured.every)}"
    ends += f", {number(last['closing'])} at the end of {period(last['period'], measured.every)}"
    return f"{metric.label}: {ends}; {said} in between."


def _waiting(measured):
    parts = [f"{measured.metric.label}, share still open."]
    for _, rows in compare.groups(measured):
        name = f"{_named(rows.row(0, named=True), measured.by)}: " if measured.by else ""
        if rows["value"].null_count() == rows.height:
            parts.append(f"{name}{NOT_KNOWN}; too few closed.")
            continue
        end = rows["days"].max()
        marks = [mark for mark in (7, 30, 90) if mark < end] + [end]
        said = ", ".join(f"{percent(_open_after(rows, mark))} after {plural(mark, 'day')}" for mark in marks)
        parts.append(f"{name}{said}.")
    return " ".join(parts)


def _open_after(rows, days):
    return rows.filter(rows["days"] <= days)["value"][-1]


def _medians(measured):
    said = []
    for row in measured.rows.iter_rows(named=True):
        name = f"{_named(row, measured.by)}: " if measured.by else ""
        closed = f"{n_of_n(row['closed'], row['n'])} closed"
        if row["value"] is None:
            said.append(f"{name}no median can be given yet, {closed}")
            continue
        low, high = number(row["low"]), row["high"]
        limits = f"95 % from {low}, upper end not reached" if high is None else f"95 % {low} to {number(high)}"
        said.append(f"{name}half within {plural(row['value'], 'day')} ({limits}), {closed}")
    return f"{measured.metric.label}: {'; '.join(said) or NOT_KNOWN}."


# Parts of sentences


def _why(compared, row):
    unit = compared.every
    match row["reason"]:
        case "too few months":
            if isinstance(compared.metric.numerator, Stock):
                return f"the same {unit} a year before is not in the window"
            return "24 settled months are needed and fewer were measured"
        case "months not covered":
            return f"no value is known for {listed(period(one, unit) for one in row['missing_periods'])}"
        case "recording changed":
            notes = "; ".join(
                f"{note['text'].rstrip('.')} ({day(note['from_on'])})" for note in row["recording_changes"]
            )
            return f"recording changed inside the two windows: {notes}"
        case "no interval for amounts":
            return "no interval is made for amounts of money"
        case "none a year before":
            return "there were none a year before"
        case "too few events":
            return f"too few events, {number(row['numerator'])} against {number(row['numerator_before'])}"
        case "too few members":
            return f"too few to compare, {number(row['denominator'])} and {number(row['denominator_before'])} in all"
    return row["reason"]


def _against(compared, row):
    """The raw numbers: '4.1 … per 10,000 visits in the 12 months to October 2026 against 3.6 a year before.'"""
    metric, months = compared.metric, compared.months
    last = period(row["period"], compared.every)
    when = f"in {last}" if months == 1 else f"in the {months} months to {last}"
    when = f"at the end of {last}" if isinstance(metric.numerator, Stock) else when
    now = _with_parts(row["value"], row["numerator"], row["denominator"], metric)
    before = _with_parts(row["before"], row["numerator_before"], row["denominator_before"], metric)
    unit = f" {metric.unit}" if metric.estimate == "rate" and row["value"] is not None else ""
    then = f"; {NOT_KNOWN} a year before" if row["before"] is None else f" against {before} a year before"
    return _opening(f"{now}{unit} {when}{then}.{_late(compared, ' and left out')}")


def _late(measured, what=""):
    """' October 2026 is provisional.', or nothing."""
    late, end = measured.provisional_from, measured.last_month
    if late is None or end is None or late > end:
        return ""
    span = f"{month(late)} is" if late == end else f"{month(late)} to {month(end)} are"
    return f" {span} provisional{what}."


def _with_parts(x, numerator, denominator, metric):
    said = value(x, metric, denominator)
    return f"{said} ({n_of_n(numerator, denominator)})" if metric.estimate == "share" and x is not None else said


def _beside(row, metric):
    """' (2,079 of 9,806; 95 % 20 to 22 %)': what belongs in brackets after a value."""
    parts = [n_of_n(row["numerator"], row["denominator"])] if metric.estimate == "share" else []
    parts += [f"95 % {_limits(row, metric)}"] if _limits(row, metric) else []
    return f" ({'; '.join(parts)})" if parts else ""


def _with_limits(row, metric):
    if row["value"] is None:
        return NOT_KNOWN
    return value(row["value"], metric, row.get("denominator")) + _beside(row, metric)


def _limits(row, metric):
    if row.get("low") is None or row.get("high") is None:
        return ""
    return interval(row["low"], row["high"], lambda x: value(x, metric, row.get("denominator")))


def _amounts(row, metric):
    """'; 9,133 recorded thefts, 22 million visits' as the unit says; else '; n = 9,133'."""
    said = re.fullmatch(r"(.+) per (?:[\d,]+ |million )?(.+)", metric.unit)
    if not said or row.get("denominator") is None:
        return f"; n = {about(row['numerator'])}"
    return f"; {_counted(row['numerator'], said[1])}, {_counted(row['denominator'], said[2])}"


def _counted(n, many):
    # Units are written in the plural; only a regular one can be put in the singular.
    regular = re.search(r"[^siuxz]s$", many) and not re.search(r"(ie|se|xe|che|she|sse)s$", many)
    return f"{about(n)} {many[:-1] if n == 1 and regular else many}"


def _too_few_to_judge(row, metric, limit):
    if metric.estimate == "share":
        return row["denominator"] < compare.FEWEST_MEMBERS
    if metric.estimate != "rate" or row["denominator"] is None:
        return False
    expected = limit * row["denominator"] / metric.per
    return max(row["numerator"], expected) < compare.FEWEST_EVENTS


def _subject(metric):
    """What rose or fell: of a share it must be clear that it is not the number that did."""
    is_share = metric.estimate == "share" and "share" not in metric.label.lower()
    return f"{metric.label}, as a share," if is_share else metric.label


def _status(metric, direction):
    if metric.better is None:
        return "no_clear"
    return "worse" if (metric.better == "lower") == (direction == "rose") else "better"


def _leaves_out_zero(low, high):
    return low > 0 or high < 0


def _not_recorded(measured):
    sentence = f"Not recorded: {measured.not_recorded}."
    reason = f"{measured.metric.label}: {measured.not_recorded}."
    return Verdict("cannot_tell", "Not recorded", sentence, reason=reason)


def _naming(measured):
    """The columns that name a row beside its period."""
    parts = ("band", "label", "weekday", "hour")
    return [
        *measured.by,
        *(part for part in parts if part in measured.rows.columns and part not in measured.by),
    ]


def _named(row, names):
    return " ".join(_name(name, row[name]) for name in names)


def _name(column, key):
    if key is None:
        return NOT_KNOWN
    if column == "weekday":
        return WEEKDAYS[key - 1]
    return f"{key:02}:00" if column == "hour" else str(key)


def _form(measured):
    """How the value of a row is written, by what kind of table it is in."""
    metric, columns = measured.metric, measured.rows.columns

    def written(row):
        if row["value"] is None:
            return NOT_KNOWN
        if "weekday" in columns:
            return f"{rate(row['value'])} times the average"
        if "domain" in columns:
            return number(row["value"])
        if "band" in columns or metric.estimate == "share":
            parts = n_of_n(row["numerator"], row["denominator"])
            return f"{percent(row['value'], row['denominator'])} ({parts})"
        return value(row["value"], metric)

    return written


def _inside(label):
    """A label inside a sentence: its first letter small, unless the word is a name such as IoT or POS."""
    return label if any(letter.isupper() for letter in label.split()[0][1:]) else label[:1].lower() + label[1:]


def _whole(x):
    return number(round(x))


def _window(measured):
    return f"the {plural(measured.months, 'month')} to {month(measured.last_month)}"


def _opening(sentence):
    return sentence[:1].upper() + sentence[1:]


def _currency(metric):
    found = re.search(r"\b[A-Z]{3}\b", metric.unit)
    return found[0] if found else "USD"


def _signed(x, size):
    return MINUS + size if x < 0 and re.search(r"[1-9]", size) else size


def _two_digits(size):
    return size if size == 0 else round(size, 1 - floor(log10(size)))


def _large(size):
    for unit, word in ((1e9, "billion"), (1e6, "million")):
        if size >= unit:
            return f"{size / unit:,.0f} {word}" if size >= 10 * unit else f"{size / unit:.1f} {word}"
    return f"{size:,.0f}"
