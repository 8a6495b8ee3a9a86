"""What stands around a figure: title, subtitle, text for those who do not see it, table, source, terms."""

from retail_analytics import exhibits, words
from retail_analytics.exhibits import Exhibit, definition, plain
from retail_analytics.language import message, phrase
from retail_analytics.measure import Measured, Stock
from retail_analytics.months import after

LEVEL = 0.95  # of the limits `low` and `high`, in every table that has them


def exhibit(
    measured: Measured,
    form: str,
    *,
    says,
    subtitle: str,
    table: dict,
    figure: dict | None = None,
    narrow: dict | None = None,
    heat: dict | None = None,
    tier: str = message("T1 described"),
    notes=(),
) -> Exhibit:
    """The exhibit of a measured table; `says` is its conclusion, else the newest value in a sentence."""
    return Exhibit(
        {
            "kind": "exhibit",
            "form": form,
            "title": _sentence(says) or words.latest(measured),
            "subtitle": subtitle,
            "words": words.describe(measured),
            "figure": figure,
            "height": figure["layout"]["height"] if figure else None,
            "narrow": narrow or {},
            "table": table,
            "measured": _facts(measured),
            "heat": heat,
            "source": _source(measured),
            "tier": phrase(tier),
            "notes": [
                *notes,
                *(_noted(note, measured) for note in measured.annotations),
                *(_gap(gap) for gap in measured.gaps),
                *measured.notes,
            ],
            "terms": [definition(measured.metric)],
        }
    )


def _facts(measured: Measured) -> dict:
    """What the numbers of the table are, for those who read them without the page; `level` is that of low and high."""
    columns, metric = measured.rows.columns, measured.metric
    one_period = "period" in columns and measured.rows["period"].n_unique() == 1
    return {
        "metric": metric.name,
        "unit": metric.unit,
        "estimate": _written_as(measured),
        "per": getattr(metric, "per", 1),
        "by": list(measured.by),
        "every": measured.every,
        "period": plain(measured.rows["period"][0]) if one_period else None,
        "last_month": plain(measured.last_month),
        "months": measured.months,
        "scope": measured.scope,
        "level": LEVEL if "low" in columns else None,
        "as_known": plain(measured.as_known),
        "known_by": plain(measured.known_by),
        "provisional_from": plain(measured.provisional_from),
        "tolerance": measured.tolerance and {name: plain(cell) for name, cell in measured.tolerance.items()},
        "annotations": [{name: plain(cell) for name, cell in note.items()} for note in measured.annotations],
        "gaps": [{name: plain(cell) for name, cell in gap.items()} for gap in measured.gaps],
        "tables": list(measured.tables),
        "snapshot": measured.snapshot,
    }


def _written_as(measured: Measured) -> str:
    """The kind of estimate that its values are written like."""
    columns = measured.rows.columns
    if "band" in columns or "at_risk" in columns:
        return "share"
    return "rate" if "weekday" in columns else measured.metric.estimate


def absent(measured: Measured, says, *, drawn: str | None = "value") -> Exhibit | None:
    """In place of a chart that has nothing to draw, the reason why; None where there is something.

    `drawn` is the column whose values are drawn; None where having none is a result too.
    """
    if measured.not_recorded:
        why = phrase("Not recorded: {why}.", why=measured.not_recorded)
    elif len(measured.by) == 1 and measured.by[0] in measured.place.alone:
        says = says or phrase("{label} by {column}", label=measured.metric.label, column=words.column(measured.by[0]))
        why = phrase("Nothing to compare: this is about {place} alone.", place=measured.place)
    elif drawn in measured.rows.columns and not measured.rows[drawn].count():
        why = phrase("Cannot tell: nothing is known and settled in {window}.", window=words.window(measured))
    else:
        return None
    return exhibits.not_recorded(says if isinstance(says, str) else measured.metric.label, why)


def subtitle(measured: Measured) -> str:
    """What is measured, in which unit, split by what, over which time, where, and what is shaded."""
    columns = measured.rows.columns
    parts = [words.opening(unit(measured))]
    parts += [phrase("by {column}", column=words.column(column)) for column in measured.by if column != "band"]
    if "period" in columns and measured.rows.height:
        first, last = shown_from(measured), measured.rows["period"].max()
        ends = [period(measured, first), period(measured, last)]
        parts.append(words.interval(*ends, str) if first < last else ends[0])
    elif measured.last_month:
        parts.append(_window(measured))
    if measured.scope != "all":
        parts.append(str(measured.place))
    has_interval = "low" in columns and measured.rows["low"].null_count() < measured.rows.height
    return ", ".join(parts) + (phrase("; 95 % interval") if has_interval else "")


def shown_from(measured: Measured):
    """The first period of a picture: what nobody knows before the first value is left out, but for a year."""
    periods = measured.rows["period"].unique().sort()
    known = measured.rows.drop_nulls("value")["period"] if "value" in measured.rows.columns else periods
    if known.is_empty():
        return periods[0]
    return min(known.min(), periods[max(len(periods) - FEWEST_PERIODS.get(measured.every, 1), 0)])


FEWEST_PERIODS = {"month": 12, "week": 52}


def _window(measured: Measured) -> str:
    """Of rows without a period: what is counted at one moment, at which; of groups that are compared, the
    settled months; else all months.
    """
    columns, months, last = measured.rows.columns, measured.months, measured.last_month
    if {"expected", "ratio"} & set(columns) and measured.provisional_from:
        while last >= measured.provisional_from:
            months, last = months - 1, after(last, -1)
    if "domain" in columns or isinstance(getattr(measured.metric, "numerator", None), Stock):
        return phrase("end of {month}", month=words.month(last))
    return words.to_the_end(words.plural(months, "month"), last)


def unit(measured: Measured) -> str:
    """What a value of the rows is."""
    columns, unit = measured.rows.columns, measured.metric.unit
    if "weekday" in columns:
        return phrase("{unit}, times the average hour", unit=unit)
    if "at_risk" in columns:
        return phrase("share {open}, {unit}", open=measured.metric.is_open, unit=unit)
    if "band" in columns and measured.metric.estimate != "share":
        return phrase("share of {unit}", unit=unit)
    return unit


def period(measured: Measured, first_day) -> str:
    return words.period(first_day, measured.every)


def value(measured: Measured, row: dict, column: str = "value") -> str:
    """A cell in the metric's unit, as words: the same in figure, hover text and table."""
    return _form(measured, row.get("denominator"))(row[column])


def between(measured: Measured, row: dict) -> str:
    """'3.8 to 4.5', or nothing where there is no interval."""
    if row.get("low") is None or row.get("high") is None:
        return ""
    return words.interval(row["low"], row["high"], _form(measured, row.get("denominator")))


def estimate(measured: Measured, row: dict) -> str:
    """'4.1 (95 % 3.8 to 4.5)', or the value alone."""
    limits = between(measured, row)
    return value(measured, row) + (f" (95 % {limits})" if limits else "")


def ticks(measured: Measured, marks) -> list[str]:
    """The round numbers at an axis, with the decimals that tell neighbours apart."""
    if {"band", "at_risk"} & set(measured.rows.columns) or measured.metric.estimate in ("share", "ratio"):
        return words.percents(marks)
    if measured.metric.estimate == "amount":
        return [words.value(mark, measured.metric) for mark in marks]
    return words.numbers(marks)


def _form(measured: Measured, n):
    """How the values of a table are written, by its metric and by what its rows are."""
    columns = measured.rows.columns
    if "weekday" in columns:
        return words.rate
    if "domain" in columns:
        return words.whole
    if "band" in columns or "at_risk" in columns:
        return lambda share: words.percent(share, n)
    return lambda amount: words.value(amount, measured.metric, n)


def annotation(note: dict) -> str:
    """'28 Sep 2026: reporting app live in 34 stores.'"""
    return f"{words.day(note['from_on'])}: {note['text'].rstrip('.')}"


def _noted(note: dict, measured: Measured) -> str:
    """An annotation as a sentence; without its day where it holds for all that is shown."""
    is_older = measured.last_month and note["from_on"] < after(measured.last_month, -measured.months)
    return f"{note['text'].rstrip('.') if is_older else annotation(note)}."


def named(row: dict, by) -> str:
    """The group of a row, as text: payment terminal, Northfield."""
    return ", ".join(words.named(column, row[column]) for column in by)


def _sentence(says) -> str | None:
    return phrase(says) if isinstance(says, str) else getattr(says, "sentence", says)


def _source(measured: Measured) -> str:
    parts = [", ".join(measured.tables)] if measured.tables else []
    if measured.as_known:
        day = words.day(measured.as_known)
        parts.append(phrase("as known {day}", day=day) if measured.known_by else phrase("data to {day}", day=day))
    if measured.snapshot:
        parts.append(phrase("snapshot {name}", name=measured.snapshot))
    return "; ".join(parts)


def _gap(gap: dict) -> str:
    table, first, last = words.opening(words.column(gap["table"])), words.month(gap["first"]), words.month(gap["last"])
    when = first if first == last else words.interval(first, last, str)
    if gap.get("region"):
        return phrase("{table} not covered for {region}: {when}.", table=table, region=gap["region"], when=when)
    return phrase("{table} not covered: {when}.", table=table, when=when)
