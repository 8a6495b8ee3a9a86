"""What a chart shows, in words, for those who do not see it."""

from retail_analytics import compare
from retail_analytics.language import phrase
from retail_analytics.measure import Measured
from retail_analytics.words.formats import (
    about,
    column,
    interval,
    n_of_n,
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
from retail_analytics.words.parts import MARKS, after_time, groups_of, inside, late, naming, open_after, row_name

LISTED = 8  # groups that a sentence can name one by one


def describe(measured: Measured) -> str:
    """What a chart of this table shows, for those who do not see it: ends, extremes, gaps."""
    metric, rows = measured.metric, measured.rows
    if measured.not_recorded:
        return phrase("Not recorded: {why}.", why=measured.not_recorded)
    if rows.is_empty():
        return phrase("{label}: nothing to show.", label=metric.label)
    if {"opening", "closing"} <= set(rows.columns):
        return _movement(measured)
    if "waited" in rows.columns:
        return _waiting(measured)
    what = _what(metric)
    if "period" not in rows.columns or rows["period"].n_unique() == 1:
        told = late(measured) if "period" in rows.columns else ""  # groups are compared over settled periods
        return f"{what}: {_extremes(rows, naming(measured), _form(measured))}.{told}"
    first, last = (period(end, measured.every) for end in (rows["period"].min(), rows["period"].max()))
    names = naming(measured)
    told = {"what": what, "every": phrase(measured.every), "span": interval(first, last, str)}
    parts = [phrase("{what}, by {every}, {span}", **told) + ("." if names else ":")]
    series = rows.partition_by(*names, as_dict=True, maintain_order=True) if names else {(): rows}
    if len(series) > LISTED:
        ending = compare.latest(measured).rows
        parts.append(f"{period(ending['period'][0], measured.every)}: {_extremes(ending, names, _form(measured))}.")
    else:
        parts += [_course(one, names, measured) for one in series.values()]
    return " ".join(parts) + late(measured)


def _what(metric):
    """The label and the unit, or the longer one alone where it says what the other says."""
    label, unit = inside(metric.label), metric.unit
    if unit in label:
        return metric.label
    return opening(unit) if label in unit else f"{metric.label}, {unit}"


def _course(rows, names, measured):
    name = f"{row_name(rows.row(0, named=True), names)}: " if names else ""
    known = rows.drop_nulls("value")
    if known.is_empty():
        return f"{name or phrase('All periods') + ' '}{not_known()}."
    form = _form(measured)

    def point(row):
        return phrase("{share} in {when}", share=form(row), when=period(row["period"], measured.every))

    by_value = known.sort("value", maintain_order=True)
    ends = [
        known.row(0, named=True),
        known.row(-1, named=True),
        by_value.row(0, named=True),
        by_value.row(-1, named=True),
    ]
    ends = zip((phrase("first"), phrase("last"), phrase("lowest"), phrase("highest")), ends, strict=True)
    said = ", ".join(f"{word} {point(row)}" for word, row in ends)
    gaps = rows.height - known.height
    return f"{name}{said}{f'; {plural(gaps, measured.every)} {not_known()}' if gaps else ''}."


def _extremes(rows, names, form):
    """All groups if they are few, else the highest and the lowest."""
    known = rows.drop_nulls("value").sort("value", descending=True, maintain_order=True)
    if known.is_empty():
        return not_known()

    def point(row):
        name = row_name(row, names)
        return f"{name}{':' if name.isdigit() else ''} {form(row)}".strip()

    if rows.height <= LISTED or "domain" in rows.columns:
        return ", ".join(point(row) for row in rows.iter_rows(named=True))
    top = ", ".join(point(row) for row in known.head(3).iter_rows(named=True))
    groups = phrase("hours of the week") if "weekday" in names else groups_of(names)
    told = {"top": top, "lowest": point(known.row(-1, named=True)), "n": number(rows.height), "groups": groups}
    return phrase("highest {top}; lowest {lowest}; {n} {groups} in all", **told)


def _movement(measured):
    rows, metric = measured.rows, measured.metric
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    moves = [name for name in ("arrived", "newly_visible", "left") if name in rows.columns]
    sums = {name: rows[name].sum() if rows[name].count() else None for name in moves}
    said = ", ".join(f"{column(name)} {number(total)}" for name, total in sums.items())
    told = {"opening": number(first["opening"]), "first": period(first["period"], measured.every)}
    told |= {"closing": number(last["closing"]), "last": period(last["period"], measured.every), "moves": said}
    return phrase(
        "{label}: {opening} at the start of {first}, {closing} at the end of {last}; {moves} in between.",
        label=metric.label, **told,
    )  # fmt: skip


def _waiting(measured):
    parts = [phrase("{label}, share {open}.", label=measured.metric.label, open=measured.metric.is_open)]
    for _, rows in compare.groups(measured):
        name = f"{row_name(rows.row(0, named=True), measured.by)}: " if measured.by else ""
        if rows["value"].null_count() == rows.height:
            parts.append(name + phrase("not known; too few closed."))
            continue
        end = rows["waited"].max()
        marks = [mark for mark in MARKS[measured.every][:3] if mark < end] + [end]
        shares = [percent(open_after(rows, mark)) for mark in marks]
        shares[0] = phrase("{part} of {whole}", part=shares[0], whole=number(rows["at_risk"].max()))
        times = [after_time(mark, measured.every) for mark in marks]
        said = ", ".join(f"{share} {time}" for share, time in zip(shares, times, strict=True))
        parts.append(f"{name}{said}.")
    return " ".join(parts)


def _form(measured):
    """How the value of a row is written, by what kind of table it is in."""
    metric, columns = measured.metric, measured.rows.columns

    def written(row):
        if row["value"] is None:
            return not_known()
        if "weekday" in columns:
            return phrase("{times} times the average", times=rate(row["value"]))
        if "domain" in columns:
            return whole(row["value"]) if row.get("indicators", 1) else phrase("not measured")
        if "band" in columns or metric.estimate == "share":
            parts = n_of_n(row["numerator"], row["denominator"])
            return f"{percent(row['value'], row['denominator'])} ({parts})"
        if metric.estimate == "ratio":
            return f"{value(row['value'], metric)} (n = {about(row['denominator'])})"
        return value(row["value"], metric)

    return written
