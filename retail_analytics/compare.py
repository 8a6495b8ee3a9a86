"""Measured tables made from measured tables: settled, latest, change, share; and their groups."""

from dataclasses import replace

import polars as pl

from retail_analytics.language import phrase
from retail_analytics.measure import Measured
from retail_analytics.months import after

FEWEST_EVENTS = 5  # with fewer, the true rate may be anything from a third to more than double
MOST_BANDS = 6  # more cannot be told apart on one bar
SIDES = ("numerator", "denominator")
FEWEST_MEMBERS = 20  # the smallest denominator of a share that is compared or judged


def settled(measured: Measured) -> Measured:
    """The periods that late entries can no longer change: those before `provisional_from`."""
    if measured.provisional_from is None or "period" not in measured.rows.columns:
        return measured
    return measured.with_rows(measured.rows.filter(pl.col("period") < measured.provisional_from))


def groups(measured: Measured) -> list[tuple[tuple, pl.DataFrame]]:
    """The rows of each group as (key, rows), the key in the order of `by`; one group () without `by`."""
    if not measured.by:
        return [((), measured.rows)]
    parts = measured.rows.partition_by(*measured.by, as_dict=True)
    return sorted(parts.items(), key=lambda part: [(value is None, str(value)) for value in part[0]])


def latest(measured: Measured) -> Measured:
    """The rows of the last settled period only."""
    rows = settled(measured).rows
    if rows.is_empty():
        return measured.with_rows(rows)
    return measured.with_rows(rows.filter(pl.col("period") == pl.col("period").max()))


def change(measured: Measured, months: int = 12) -> Measured:
    """Each period beside the same one `months` earlier; adds before, change (0.1 is 10 % more).

    Both are null where either value is not known; change is null where there was nothing before.
    No interval: whether a change is established is for statistics.rates.year_on_year to say.
    """
    rows = measured.rows
    added = {"before": pl.Float64, "change": pl.Float64}
    if rows.is_empty():
        return measured.with_rows(pl.DataFrame(schema={**rows.schema, **added}))
    by = list(measured.by)
    earlier = rows.select(pl.col("period").dt.offset_by(f"{months}mo"), *by, pl.col("value").alias("before"))
    ratio = pl.col("value") / pl.col("before") - 1
    return measured.with_rows(
        rows.join(
            earlier, on=["period", *by], how="left", nulls_equal=True, maintain_order="left"
        ).with_columns(pl.when(pl.col("before") > 0).then(ratio).alias("change"))
    )


def share(measured: Measured, within: tuple[str, ...] = ()) -> Measured:
    """Each group's numerator as a share of its period's total, or of the total `within` some columns.

    numerator stays, denominator is the total, value is 0 to 1. If one group of a total is not known,
    neither is the total: all its shares are null. So are they where the total is 0.
    The metric becomes a share that is neither better high nor low, and nobody's tolerance applies to it.
    """
    label = measured.metric.label
    unit = phrase("share of {small}", small=label.lower(), label=label)
    metric = replace(measured.metric, estimate="share", per=1, better=None, unit=unit)
    shares = measured.with_rows(measured.rows, metric=metric, tolerance=None)
    if shares.rows.is_empty():
        return shares
    group = ["period", *within]
    unknown = pl.col("value").is_null().any().over(group)
    total = pl.when(~unknown).then(pl.col("numerator").sum().over(group))
    rows = shares.rows.with_columns(total.alias("denominator")).with_columns(
        pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator")).alias("value")
    )
    return shares.with_rows(rows)


def summed(measured: Measured) -> Measured:
    """All periods put together, one row per group: period is the last, `every` says how many; value as the
    metric divides it.

    Periods that are not known are left out of both amounts; a group without any known period is null.
    """
    known = pl.col("value").is_not_null()
    amounts = [pl.when(known.any()).then(pl.col(side).filter(known).sum()) for side in ("numerator", "denominator")]
    rows = measured.rows.group_by(*measured.by, maintain_order=True).agg(
        pl.col("metric").first(), pl.col("period").max(), *(a.alias(n) for a, n in zip(amounts, SIDES, strict=True))
    )
    divided = measured.metric.denominator is not None
    value = measured.metric.per * pl.col("numerator") / pl.col("denominator") if divided else pl.col("numerator")
    rows = rows.with_columns(pl.when((pl.col("denominator") > 0) | pl.lit(not divided)).then(value).alias("value"))
    if not divided:
        rows = rows.with_columns(pl.lit(None, pl.Float64).alias("denominator"))
    n = measured.rows["period"].n_unique()
    every = f"{n} {measured.every}s" if n > 1 else measured.every
    return measured.with_rows(rows.select("metric", "period", *measured.by, *SIDES, "value"), every=every)


def bands(measured: Measured, order: tuple[str, ...] = ()) -> Measured:
    """The shares of the last breakdown as bands that add to 1: in the given order, else the largest first.

    Without an order at most six are named, and what is left is one band, "all other".
    Rows: metric, period, other breakdowns, band, numerator, denominator, value.
    """
    *others, column = measured.by
    shares = share(measured, within=tuple(others))
    rows = shares.rows.rename({column: "band"}).with_columns(pl.col("band").fill_null("unknown"))
    if not order:
        sizes = rows.group_by("band").agg(pl.col("numerator").sum()).sort("numerator", "band", descending=[True, False])
        largest = sizes["band"].to_list()
        kept = largest if len(largest) <= MOST_BANDS else largest[: MOST_BANDS - 1]
        order = (*kept, "all other")
        together = [pl.col(name).sum() for name in ("numerator", "value")]
        named = pl.when(pl.col("band").is_in(kept)).then("band").otherwise(pl.lit("all other"))
        rows = rows.with_columns(named.alias("band"))
        rows = rows.group_by("metric", "period", *others, "band").agg(pl.col("denominator").first(), *together)
    turn = pl.col("band").replace_strict({band: n for n, band in enumerate(order)}, return_dtype=pl.Int64)
    rows = rows.sort("period", *others, turn).select("metric", "period", *others, "band", *SIDES, "value")
    return shares.with_rows(rows, by=(*others, "band"))


def largest(measured: Measured, groups: int = 8) -> Measured:
    """Only the groups with the largest numerators over the whole window, for a chart that can hold no more."""
    sizes = measured.rows.group_by(measured.by).agg(pl.col("numerator").sum())
    kept = sizes.sort("numerator", *measured.by, descending=[True] + [False] * len(measured.by)).head(groups)
    rows = measured.rows.join(kept.select(measured.by), on=measured.by, how="semi", nulls_equal=True)
    left = sizes.join(kept, on=measured.by, how="anti", nulls_equal=True).sort(measured.by).select(measured.by)
    note = (phrase("The {n} largest of {all} are shown.", n=groups, all=sizes.height),) if left.height else ()
    names = tuple(", ".join(map(str, row)) for row in left.iter_rows())
    return measured.with_rows(rows, left_out=names, notes=measured.notes + note)


def last(measured: Measured, months: int) -> Measured:
    """The last `months` months only: what was judged by a longer history, shown for a shorter one."""
    since = after(measured.last_month, 1 - months)
    return measured.with_rows(measured.rows.filter(pl.col("period") >= since), months=months)


def yearly(measured: Measured) -> Measured:
    """A flow totalled by calendar year: metric, year, value, months (how many of its months are known)."""
    by_year = measured.rows.group_by("metric", year=pl.col("period").dt.year().cast(pl.String), maintain_order=True)
    return measured.with_rows(by_year.agg(pl.col("value").sum(), months=pl.col("value").count()), by=("year",))


def where_recorded(measured: Measured, other: Measured) -> Measured:
    """The measured table, or not recorded for the same reason as the other: a share of what nobody writes down."""
    if not other.not_recorded:
        return measured
    return measured.with_rows(measured.rows.clear(), not_recorded=other.not_recorded)


def first_recorded(*measured: Measured) -> Measured:
    """The first that this warehouse records; the last when it records none."""
    return next((one for one in measured if not one.not_recorded), measured[-1])
