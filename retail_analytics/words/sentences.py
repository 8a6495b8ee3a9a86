"""What a measured table says in one sentence, by its shape: the default title of its chart."""

import re

import polars as pl

from retail_analytics import compare
from retail_analytics.measure import Measured
from retail_analytics.words.formats import (
    about,
    month,
    n_of_n,
    named,
    not_known,
    number,
    opening,
    percent,
    period,
    plural,
    rate,
    value,
    whole,
)
from retail_analytics.words.parts import MARKS, beside, late, naming, open_after, row_name, some, weakest, with_limits


def latest(measured: Measured) -> str:
    """One sentence: of periods the last settled one, with interval and n; of groups those at the ends."""
    rows, metric = measured.rows, measured.metric
    if measured.not_recorded:
        return f"Not recorded: {measured.not_recorded}."
    shape = next((say for columns, say in SHAPES.items() if set(columns) <= set(rows.columns)), None)
    if shape and rows.height:
        return shape(measured)
    if not {"period", "value"} <= set(rows.columns):
        return f"{metric.label}."
    rows = compare.latest(measured).rows
    if rows.is_empty():
        return f"{metric.label}: nothing settled yet."
    when = period(rows["period"][0], measured.every)
    if naming(measured):
        return f"{metric.label} in {when}: {_ends(compare.latest(measured))}.{late(measured)}"
    row = rows.row(0, named=True)
    if row["value"] is None:
        return f"{metric.label} in {when}: {not_known()}."
    if metric.estimate == "share" and row["denominator"] < compare.FEWEST_MEMBERS:
        parts = n_of_n(row["numerator"], row["denominator"])
        return f"{metric.label}: {parts} in {when}; too few for a share.{late(measured)}"
    if metric.estimate == "rate":
        said = f"{rate(row['value'])} {metric.unit}{beside(row, metric)}{_amounts(row, metric)}"
        return f"{opening(when)}: {said}.{late(measured)}"
    return f"{metric.label}: {with_limits(row, metric)} in {when}.{late(measured)}"


def _ends(measured):
    """'highest Northfield 5.6, lowest Westvale 2.4 recorded thefts per 10,000 visits'; of the largest no lowest."""
    metric, names = measured.metric, naming(measured)
    known = measured.rows.drop_nulls("value").sort("value", descending=True, maintain_order=True)
    if known.is_empty():
        return not_known()

    def point(row):
        n = f" ({n_of_n(row['numerator'], row['denominator'])})" if metric.estimate == "share" else ""
        return f"{row_name(row, names)} {value(row['value'], metric, row.get('denominator'))}{n}"

    unit = f" {metric.unit}" if metric.estimate == "rate" else ""
    highest = point(known.row(0, named=True))
    if known.height == 1:
        return highest + unit
    lowest = "" if measured.left_out else f", lowest {point(known.row(-1, named=True))}"
    return f"highest {highest}{lowest}{unit}"


def _medians(measured):
    said = []
    for row in measured.rows.iter_rows(named=True):
        name = f"{row_name(row, measured.by)}: " if measured.by else ""
        closed = f"{n_of_n(row['closed'], row['n'])} closed"
        if row["value"] is None:
            said.append(f"{name}no median can be given yet, {closed}")
            continue
        low, high = number(row["low"]), row["high"]
        ends = f"95 % from {low}, upper end not reached" if high is None else f"95 % {low} to {number(high)}"
        said.append(f"{name}{_half(row['value'], measured.every)} ({ends}), {closed}")
    return f"{measured.metric.label}: {'; '.join(said)}."


def _half(time, every):
    return f"half within {plural(time, every)}" if time else f"half {'on' if every == 'day' else 'in'} the same {every}"


def _curves(measured):
    label = measured.metric.label
    curves = {row_name(rows.row(0, named=True), measured.by): rows for _, rows in compare.groups(measured)}
    known = {name: rows for name, rows in curves.items() if rows["value"].null_count() < rows.height}
    if not known:
        return f"{label}: {not_known()}, too few have ended."
    if len(known) == 1:
        return f"{label}: {_waited(measured, *known.values())}."
    times = {name: _median(rows) for name, rows in known.items()}
    order = sorted(times, key=lambda name: (times[name] is None, times[name]))
    first, last = order[0], order[-1]
    if times[first] is None:
        return f"{label}: in no group have half ended."
    slowest = "half not reached" if times[last] is None else _half(times[last], measured.every)
    return f"{label}: {_half(times[first], measured.every)} in {first}, {slowest} in {last}."


def _waited(measured, rows):
    """'half within 4 days, 13 % still open after 30 days'; the second is well after the first."""
    half, end, every = _median(rows), rows["waited"].max(), measured.every
    mark = next((mark for mark in MARKS[every] if mark < end and mark >= 2 * (half or 0)), end)
    n = rows["at_risk"].max()
    still = f"{percent(open_after(rows, mark), n)} of {number(n)} {measured.metric.is_open} after {plural(mark, every)}"
    return still if half is None else f"{_half(half, every)}, {still}"


def _median(rows):
    return rows.filter(rows["value"] <= 0.5 + 1e-9)["waited"].min()


def _differing(measured):
    differ, n = measured.rows["established"].count(), measured.rows["value"].count()
    if differ:
        claim = f"{some(differ, n, measured)} {'differs' if differ == 1 else 'differ'} from the average"
    else:
        claim = f"{some(0, n, measured)} can be separated from the average"
    return f"{claim}: {_ends(measured)}."


def _outside(measured):
    found = measured.rows["outside"].sum()
    lie = "lies" if found < 2 else "lie"
    return f"{some(found, measured.rows.height, measured)} {lie} outside the 99.8 % limits."


def _busiest(measured):
    label, known = measured.metric.label, measured.rows.drop_nulls("value")
    if known.is_empty():
        return f"{label}: {not_known()}."
    row = known.sort("value", descending=True, maintain_order=True).row(0, named=True)
    if (row.get("low") or 0) <= 1:
        return f"{label}: no hour of the week stands out from the average by more than chance."
    when = f"on {named('weekday', row['weekday'])} at {named('hour', row['hour'])}"
    return f"{label} were most frequent {when}: {rate(row['value'])} times the average hour."


def _moved(measured):
    rows = compare.settled(measured).rows.drop_nulls("closing")
    if rows.is_empty():
        return f"{measured.metric.label}: nothing settled yet."
    last, sums = rows.row(-1, named=True), {name: rows[name].sum() for name in ("arrived", "newly_visible", "left")}
    visible = f", {number(sums['newly_visible'])} became visible" if sums["newly_visible"] else ""
    known, unknown = f", {number(sums['left'])} left", "; what left is not recorded"
    left, after = (known, "") if rows["left"].count() else ("", unknown)
    moves = f"{number(sums['arrived'])} arrived{visible}{left} since {month(rows['period'][0])}{after}"
    return f"{number(last['closing'])} {measured.metric.unit} in {period(last['period'], measured.every)}: {moves}."


def _readiness(measured):
    rows = measured.rows.drop_nulls("value")
    index = rows.filter(rows["domain"] == "index")
    if index.is_empty():
        return "Readiness: cannot tell; too few domains are measured against a tolerance."
    return f"Readiness is {whole(index['value'][0])} of 100; {weakest(measured)}."


def _bands(measured):
    """Of one bar the largest band and the unknown or next one; over time the band that grew most; else by group."""
    label, rows = measured.metric.label, measured.rows.drop_nulls("value")
    by = [name for name in measured.by if name != "band"]
    if rows.is_empty():
        return f"{label}: {not_known()}."
    if by:
        sizes = rows.group_by("band").agg(pl.col("numerator").sum()).sort("numerator", "band")
        one = rows.filter(pl.col("band") == sizes["band"][-1])
        ends = _ends(measured.with_rows(one.drop("band"), by=tuple(by)))
        return f"{label}, {named('band', one['band'][0])}: {ends}.{late(measured)}"
    first, last = (
        {named("band", row["band"]): row for row in rows.filter(rows["period"] == end).iter_rows(named=True)}
        for end in (rows["period"].min(), rows["period"].max())
    )
    grown = {band: row["value"] - first[band]["value"] for band, row in last.items()}
    most = max(grown, key=grown.get)
    if grown[most] > 0:
        then, now = (f"{_share(row)} in {period(row['period'], measured.every)}" for row in (first[most], last[most]))
        return f"{opening(most)}: {then}, {now}.{late(measured)}"
    sizes = sorted(first, key=lambda band: (band == "all other", -first[band]["value"]))
    sizes = [sizes[0], *(band for band in sizes[1:] if first[band]["value"])]
    unknown = [band for band in sizes[1:] if band.startswith("unknown")]
    said = ", ".join(f"{band} {_share(first[band])}" for band in [sizes[0], *(unknown or sizes[1:2])])
    return f"{label}, {period(rows['period'].min(), measured.every)}: {said}.{late(measured)}"


def _undecided(measured):
    row = measured.rows.row(-1, named=True)
    of = plural(row["of"], "record")
    if not row["records"]:
        return f"Nothing was left undecided of {of}."
    pairs = plural(row["value"], "pair of records", "pairs of records")
    return f"{pairs} may be one device: {percent(row['records'] / row['of'], row['of'])} of {of}."


def _share(row):
    return f"{percent(row['value'], row['denominator'])} ({n_of_n(row['numerator'], row['denominator'])})"


def _amounts(row, metric):
    """'; 9,133 recorded thefts, 22 million visits' as the unit says; else '; n = 9,133'."""
    said = re.fullmatch(r"(.+) per (?:[\d,]+ |million )?(.+)", metric.unit)
    if not said or row.get("denominator") is None:
        return f"; n = {about(row['numerator'])}"
    return f"; {_amount(row['numerator'], said[1])}, {_amount(row['denominator'], said[2])}"


def amounts(metric) -> dict[str, str]:
    """The two sides of a rate by name, as its unit says: numerator Recorded thefts, denominator Visits."""
    said = re.fullmatch(r"(.+) per (?:[\d,]+ |million )?(.+)", metric.unit)
    if metric.estimate in ("share", "ratio"):
        return {"numerator": "Number", "denominator": "Of"}
    return {"numerator": opening(said[1]), "denominator": _side(said[2])} if said else {}


def _side(many):
    """Visits; m² of sales area, whose first letter is a sign."""
    return opening(many) if many[1:2].isascii() else many


def _amount(n, many):
    # Units are written in the plural; only a regular one can be put in the singular.
    regular = re.search(r"[^siuxz]s$", many) and not re.search(r"(ie|se|xe|che|she|sse)s$", many)
    return f"{about(n)} {many[:-1] if n == 1 and regular else many}"


SHAPES = {  # the columns that only one kind of table has: what is said of it
    ("closed", "n", "value"): _medians,
    ("established", "value"): _differing,
    ("outside",): _outside,
    ("weekday", "hour"): _busiest,
    ("waited", "at_risk"): _curves,
    ("opening", "closing"): _moved,
    ("domain", "indicators"): _readiness,
    ("band", "period"): _bands,
    ("reason", "of"): _undecided,
}
