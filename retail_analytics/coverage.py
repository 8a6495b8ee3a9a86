"""What the data cover: periods that are not known, not settled or noted, for the tables that a metric reads."""

from datetime import date

import polars as pl

from retail_analytics.months import after, day_after
from retail_analytics.warehouse import Warehouse
from retail_analytics.warehouse.scopes import Scope


def circumstances(warehouse: Warehouse, metric, tables, first: date, last: date, place: Scope) -> dict:
    """What charts and words must know beside the numbers.

    What was noted of a region or format concerns all that has stores there; what was noted of one store alone
    concerns that store: it is no break in the series of all.
    """
    settled = min(warehouse.coverage[name]["settled_to"] for name in tables)
    provisional = day_after(settled).replace(day=1)
    shared = {name for store in warehouse.stores.values() for name in (store.region, store.store_format)}
    one_store = set(warehouse.stores) - shared
    there = [store for store in warehouse.stores.values() if place.holds(store)]
    touched = {*place.within, *(name for store in there for name in (store.region, store.store_format))}
    end = after(last)
    noted = [
        note
        for note in warehouse.whole("annotations").sort("from_on", "annotation_id").to_dicts()
        if note["concerns"] in tables
        if (note["scope"] not in one_store if place.kind == "all" else note["scope"] in touched)
        if note["from_on"] < end and (note["to_on"] or end) >= first
    ]
    agreed = {
        row["scope"]: {name: row[name] for name in ("limit", "owner", "agreed_on")}
        for row in warehouse.whole("tolerances").to_dicts()
        if row["metric"] == metric.name
    }
    gaps = warehouse.whole("gaps").filter(
        pl.col("table_name").is_in(tables), pl.col("month").is_between(first, last),
        pl.col("region").is_in(sorted(touched - {None})) if place.kind != "all" else pl.lit(True),
    )  # fmt: skip
    gaps = gaps.sort("table_name", "region", "month")
    return {
        "as_known": max(warehouse.coverage[name]["covered_to"] for name in tables),
        "provisional_from": provisional if provisional <= last else None,
        "annotations": tuple(noted),
        "tolerance": next((agreed[one] for one in place.within if one in agreed), None),
        "gaps": tuple(_runs(gaps)),
    }


def only_covered(rows: pl.DataFrame, warehouse: Warehouse, facts) -> pl.DataFrame:
    """The rows with nulls for both amounts where a table does not cover the period or the region."""
    outside = pl.lit(False)
    for name in facts.tables:
        spans = warehouse.coverage[name]
        length = pl.col("period").dt.offset_by("1mo" if facts.every == "month" else "1w")
        outside |= (pl.col("period") < spans["covered_from"]) | (length > day_after(spans["covered_to"]))
    for gap in facts.gaps:
        here = _of_region(gap["region"], warehouse, facts)
        if here is not None:
            ends_in = length.dt.offset_by("-1d").dt.month_start()  # a week may reach into the next month
            outside |= here & (pl.col("period").dt.month_start() <= gap["last"]) & (ends_in >= gap["first"])
    return rows.with_columns(
        pl.when(outside).then(None).otherwise(pl.col(side)).alias(side) for side in ("numerator", "denominator")
    )


def _of_region(region: str, warehouse: Warehouse, facts) -> pl.Expr | None:
    """Which rows are of a region alone; None where they tell no region."""
    if "region" in facts.by:
        return pl.col("region") == region
    if column := next((name for name in ("store_id", "store") if name in facts.by), None):
        there = [one for one in warehouse.stores.values() if one.region == region]
        return pl.col(column).is_in([one.name if column == "store_id" else one.label for one in there])
    return pl.lit(True) if facts.place.region == region else None


def _runs(gaps: pl.DataFrame) -> list[dict]:
    """Months without data, put together where they follow each other."""
    runs: list[dict] = []
    for row in gaps.iter_rows(named=True):
        if runs and (runs[-1]["table"], runs[-1]["region"]) == (row["table_name"], row["region"]) and (
            after(runs[-1]["last"]) == row["month"]
        ):
            runs[-1]["last"] = row["month"]
        else:
            first, last = row["month"], row["month"]
            runs.append({"table": row["table_name"], "region": row["region"], "first": first, "last": last})
    return runs
