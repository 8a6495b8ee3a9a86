"""What a measured table says in one sentence, by its shape: the default title of its chart."""

import re

import polars as pl

from retail_analytics import compare
from retail_analytics.language import ENGLISH, phrase, phrase_for, spoken
from retail_analytics.measure import Measured
from retail_analytics.words.formats import (
    about,
    interval,
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
from retail_analytics.words.parts import (
    MARKS,
    after_time,
    beside,
    late,
    naming,
    open_after,
    row_name,
    some,
    weakest,
    with_limits,
)


def latest(measured: Measured) -> str:
    """One sentence: of periods the last settled one, with interval and n; of groups those at the ends."""
    rows, metric = measured.rows, measured.metric
    if measured.not_recorded:
        return phrase("Not recorded: {why}.", why=measured.not_recorded)
    shape = next((say for columns, say in SHAPES.items() if set(columns) <= set(rows.columns)), None)
    if shape and rows.height:
        return shape(measured)
    if not {"period", "value"} <= set(rows.columns):
        return f"{metric.label}."
    rows = compare.latest(measured).rows
    if rows.is_empty():
        return phrase("{label}: nothing settled yet.", label=metric.label)
    when = period(rows["period"][0], measured.every)
    if naming(measured):
        told = {"ends": _ends(compare.latest(measured)), "late": late(measured)}
        return phrase("{label} in {when}: {ends}.{late}", label=metric.label, when=when, **told)
    row = rows.row(0, named=True)
    if row["value"] is None:
        return phrase("{label} in {when}: {ends}.{late}", label=metric.label, when=when, ends=not_known(), late="")
    if metric.estimate == "share" and row["denominator"] < compare.FEWEST_MEMBERS:
        parts = n_of_n(row["numerator"], row["denominator"])
        told = {"label": metric.label, "parts": parts, "when": when, "late": late(measured)}
        return phrase("{label}: {parts} in {when}; too few for a share.{late}", **told)
    if metric.estimate == "rate":
        said = f"{rate(row['value'])} {metric.unit}{beside(row, metric)}{_amounts(row, metric)}"
        return f"{opening(when)}: {said}.{late(measured)}"
    told = {"label": metric.label, "value": with_limits(row, metric), "when": when, "late": late(measured)}
    return phrase("{label}: {value} in {when}.{late}", **told)


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
    if measured.left_out:
        return phrase("highest {highest}{unit}", highest=highest, unit=unit)
    told = {"highest": highest, "lowest": point(known.row(-1, named=True)), "unit": unit}
    return phrase("highest {highest}, lowest {lowest}{unit}", **told)


def _medians(measured):
    said = []
    for row in measured.rows.iter_rows(named=True):
        name = f"{row_name(row, measured.by)}: " if measured.by else ""
        closed = phrase("{parts} closed", parts=n_of_n(row["closed"], row["n"]))
        if row["value"] is None:
            said.append(name + phrase("no median can be given yet, {closed}", closed=closed))
            continue
        low, high = number(row["low"]), row["high"]
        unreached = phrase("95 % from {low}, upper end not reached", low=low)
        ends = unreached if high is None else f"95 % {interval(row['low'], high)}"
        said.append(f"{name}{_half(row['value'], measured.every)} ({ends}), {closed}")
    return f"{measured.metric.label}: {'; '.join(said)}."


def _half(time, every):
    if every == "month":
        within = phrase_for(time, "half within {n} month", "half within {n} months", n=about(time))
        return within if time else phrase("half in the same month")
    within = phrase_for(time, "half within {n} day", "half within {n} days", n=about(time))
    return within if time else phrase("half on the same day")


def _curves(measured):
    label = measured.metric.label
    curves = {row_name(rows.row(0, named=True), measured.by): rows for _, rows in compare.groups(measured)}
    known = {name: rows for name, rows in curves.items() if rows["value"].null_count() < rows.height}
    if not known:
        return phrase("{label}: not known, too few have ended.", label=label)
    if len(known) == 1:
        return f"{label}: {_waited(measured, *known.values())}."
    times = {name: _median(rows) for name, rows in known.items()}
    order = sorted(times, key=lambda name: (times[name] is None, times[name]))
    first, last = order[0], order[-1]
    if times[first] is None:
        return phrase("{label}: in no group have half ended.", label=label)
    slowest = phrase("half not reached") if times[last] is None else _half(times[last], measured.every)
    told = {"label": label, "half": _half(times[first], measured.every), "slowest": slowest}
    return phrase("{label}: {half} in {first}, {slowest} in {last}.", first=first, last=last, **told)


def _waited(measured, rows):
    """'half within 4 days, 13 % still open after 30 days'; the second is well after the first."""
    half, end, every = _median(rows), rows["waited"].max(), measured.every
    mark = next((mark for mark in MARKS[every] if mark < end and mark >= 2 * (half or 0)), end)
    n = rows["at_risk"].max()
    told = {"share": percent(open_after(rows, mark), n), "n": number(n), "open": measured.metric.is_open}
    still = phrase("{share} of {n} {open} {after}", after=after_time(mark, every), **told)
    return still if half is None else f"{_half(half, every)}, {still}"


def _median(rows):
    return rows.filter(rows["value"] <= 0.5 + 1e-9)["waited"].min()


def _differing(measured):
    differ, n = measured.rows["established"].count(), measured.rows["value"].count()
    told = {"some": some(differ, n, measured), "ends": _ends(measured)}
    if differ == 1:
        return phrase("{some} differs from the average: {ends}.", **told)
    if differ:
        return phrase("{some} differ from the average: {ends}.", **told)
    return phrase("{some} can be separated from the average: {ends}.", **told)


def _outside(measured):
    found = measured.rows["outside"].sum()
    some_of = some(found, measured.rows.height, measured)
    if found < 2:
        return phrase("{some} lies outside the 99.8 % limits.", some=some_of)
    return phrase("{some} lie outside the 99.8 % limits.", some=some_of)


def _busiest(measured):
    label, known = measured.metric.label, measured.rows.drop_nulls("value")
    if known.is_empty():
        return f"{label}: {not_known()}."
    row = known.sort("value", descending=True, maintain_order=True).row(0, named=True)
    if (row.get("low") or 0) <= 1:
        return phrase("{label}: no hour of the week stands out from the average by more than chance.", label=label)
    told = {"weekday": named("weekday", row["weekday"]), "hour": named("hour", row["hour"])}
    return phrase(
        "{label} were most frequent on {weekday} at {hour}: {times} times the average hour.",
        label=label, times=rate(row["value"]), **told,
    )  # fmt: skip


def _moved(measured):
    rows = compare.settled(measured).rows.drop_nulls("closing")
    if rows.is_empty():
        return phrase("{label}: nothing settled yet.", label=measured.metric.label)
    last, sums = rows.row(-1, named=True), {name: rows[name].sum() for name in ("arrived", "newly_visible", "left")}
    moves = [phrase("{n} arrived", n=number(sums["arrived"]))]
    moves += [phrase("{n} became visible", n=number(sums["newly_visible"]))] if sums["newly_visible"] else []
    moves += [phrase("{n} left", n=number(sums["left"]))] if rows["left"].count() else []
    after = "" if rows["left"].count() else phrase("; what left is not recorded")
    when, since = period(last["period"], measured.every), month(rows["period"][0])
    told = {"stock": number(last["closing"]), "unit": measured.metric.unit, "when": when, "since": since}
    told |= {"moves": ", ".join(moves), "after": after}
    return phrase("{stock} {unit} in {when}: {moves} since {since}{after}.", **told)


def _readiness(measured):
    rows = measured.rows.drop_nulls("value")
    index = rows.filter(rows["domain"] == "index")
    if index.is_empty():
        return phrase("Readiness: cannot tell; too few domains are measured against a tolerance.")
    return phrase("Readiness is {value} of 100; {weakest}.", value=whole(index["value"][0]), weakest=weakest(measured))


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
        {row["band"]: row for row in rows.filter(rows["period"] == end).iter_rows(named=True)}
        for end in (rows["period"].min(), rows["period"].max())
    )
    grown = {band: row["value"] - first[band]["value"] for band, row in last.items()}
    most = max(grown, key=grown.get)
    if grown[most] > 0:
        then, now = (
            phrase("{share} in {when}", share=_share(row), when=period(row["period"], measured.every))
            for row in (first[most], last[most])
        )
        return f"{opening(named('band', most))}: {then}, {now}.{late(measured)}"
    sizes = sorted(first, key=lambda band: (band == "all other", -first[band]["value"]))
    sizes = [sizes[0], *(band for band in sizes[1:] if first[band]["value"])]
    unknown = [band for band in sizes[1:] if band.startswith("unknown")]
    said = ", ".join(f"{named('band', band)} {_share(first[band])}" for band in [sizes[0], *(unknown or sizes[1:2])])
    return f"{label}, {period(rows['period'].min(), measured.every)}: {said}.{late(measured)}"


def _undecided(measured):
    row = measured.rows.row(-1, named=True)
    of = plural(row["of"], "record")
    if not row["records"]:
        return phrase("Nothing was left undecided of {records}.", records=of)
    pairs = plural(row["value"], "pair of records", "pairs of records")
    told = {"pairs": pairs, "share": percent(row["records"] / row["of"], row["of"]), "n": about(row["of"])}
    return phrase("{pairs} may be one device: {share} of {records}.", records=of, **told)


def _share(row):
    return f"{percent(row['value'], row['denominator'])} ({n_of_n(row['numerator'], row['denominator'])})"


def _amounts(row, metric):
    """'; 9,133 recorded thefts, 22 million visits' as the unit says; else '; n = 9,133'."""
    said = _sides(metric)
    if not said or row.get("denominator") is None:
        return f"; n = {about(row['numerator'])}"
    return f"; {_amount(row['numerator'], said[1])}, {_amount(row['denominator'], said[2])}"


def amounts(metric) -> dict[str, str]:
    """The two sides of a rate by name, as its unit says: numerator Recorded thefts, denominator Visits."""
    said = _sides(metric)
    if metric.estimate in ("share", "ratio"):
        return {"numerator": phrase("Number"), "denominator": phrase("Of")}
    return {"numerator": opening(said[1]), "denominator": _side(said[2])} if said else {}


def _sides(metric):
    """What a unit divides by what: recorded thefts per 10,000 visits."""
    return re.fullmatch(rf"(.+) {phrase('per')} (?:[\d.,]+ |million )?(.+)", metric.unit)


def _side(many):
    """Visits; m² of sales area, whose first letter is a sign."""
    return opening(many) if many[1:2].isascii() else many


def _amount(n, many):
    # Units are written in the plural; only a regular English one can be put in the singular.
    regular = re.search(r"[^siuxz]s$", many) and not re.search(r"(ie|se|xe|che|she|sse)s$", many)
    return f"{about(n)} {many[:-1] if n == 1 and regular and spoken() == ENGLISH else many}"


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
