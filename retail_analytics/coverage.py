"""What the data cover: periods that are not known, not settled or noted, for the tables that a metric reads."""

from datetime import date

import polars as pl

from retail_analytics.months import after, day_after
from retail_analytics.warehouse import Warehouse


def circumstances(warehouse: Warehouse, metric, tables, first: date, last: date, scope: str) -> dict:
    """What charts and words must know beside the numbers."""
    settled = min(warehouse.coverage[name]["settled_to"] for name in tables)
    provisional = day_after(settled).replace(day=1)
    noted = warehouse.whole("annotations").filter(
        pl.col("concerns").is_in(tables),
        pl.col("scope").is_in(["all", scope]) if scope != "all" else pl.lit(True),
        pl.col("from_on") < after(last),
        pl.coalesce("to_on", pl.lit(after(last))) >= first,
    )
    agreed = warehouse.whole("tolerances").filter(
        pl.col("metric") == metric.name, pl.col("scope").is_in(["all", scope])
    )
    agreed = agreed.sort(pl.col("scope") == "all").head(1).select("limit", "owner", "agreed_on").to_dicts()
    gaps = warehouse.whole("gaps").filter(
        pl.col("table_name").is_in(tables), pl.col("month").is_between(first, last),
        pl.col("region") == scope if scope != "all" else pl.lit(True),
    )  # fmt: skip
    gaps = gaps.sort("table_name", "region", "month")
    return {
        "as_known": max(warehouse.coverage[name]["covered_to"] for name in tables),
        "provisional_from": provisional if provisional <= last else None,
        "annotations": tuple(noted.sort("from_on", "annotation_id").to_dicts()),
        "tolerance": agreed[0] if agreed else None,
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
        if facts.scope == gap["region"] or "region" in facts.by:
            here = pl.col("region") == gap["region"] if "region" in facts.by else pl.lit(True)
            ends_in = length.dt.offset_by("-1d").dt.month_start()  # a week may reach into the next month
            outside |= here & (pl.col("period").dt.month_start() <= gap["last"]) & (ends_in >= gap["first"])
    return rows.with_columns(
        pl.when(outside).then(None).otherwise(pl.col(side)).alias(side) for side in ("numerator", "denominator")
    )


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
