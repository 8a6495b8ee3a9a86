"""The same job in pandera on polars: the rules of the incidents contract as a schema, every failure collected."""

from datetime import date
from pathlib import Path

import duckdb
import pandera.polars as pa
import polars as pl
import pyarrow
from pyarrow import csv

FIRST, TODAY = date(1990, 1, 1), date(2026, 1, 1)
KINDS = ["theft", "fraud", "violence", "threat", "robbery", "burglary", "damage", "disorder", "cyber", "other"]
# pandera's own coerce=True asks polars to cast text to dates and truth values, which polars 2 refuses.
TYPED = {
    "attempted": pl.when(pl.col("attempted") == "true").then(True).when(pl.col("attempted") == "false").then(False),
    "occurred_on": pl.col("occurred_on").str.to_date("%Y-%m-%d", strict=False),
    "occurred_hour": pl.col("occurred_hour").cast(pl.Int64, strict=False),
    "entered_on": pl.col("entered_on").str.to_date("%Y-%m-%d", strict=False),
    "loss": pl.col("loss").cast(pl.Float64, strict=False),
}
REFUSED = {"text": pl.String, "reasons": pl.List(pl.String)}


def load(folder: Path) -> None:
    text, damaged = read(folder / "incidents.csv")
    stores = pl.read_csv(folder / "stores.csv", infer_schema=False)["store_id"].to_list()
    good, bad = text.with_columns(**TYPED), pl.DataFrame(schema=REFUSED)
    try:
        schema(stores).validate(good.with_columns(text.select(pl.col(*TYPED).name.suffix("_text"))), lazy=True)
    except pa.errors.SchemaErrors as errors:
        reason = pl.concat_str("column", "check", separator=": ", ignore_nulls=True)
        reasons = errors.failure_cases.group_by(pl.col("index").cast(pl.UInt32)).agg(reasons=reason)
        line = pl.concat_str(pl.col(text.columns).fill_null(""), separator=",")
        bad = text.with_row_index().join(reasons, on="index").select(line.alias("text"), "reasons")
        good = good.with_row_index().join(reasons, on="index", how="anti").drop("index")
    with duckdb.connect(str(folder / "by_pandera.duckdb")) as con:
        con.register("good", good)
        con.register("refused_rows", pl.concat([damaged, bad]))
        con.execute("CREATE TABLE incidents AS FROM good")
        con.execute("CREATE TABLE refused AS FROM refused_rows")
        con.execute("CHECKPOINT")


def read(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows as text, and the lines that have too few or too many fields.

    Read by arrow: polars' own reader pads short lines without a word and stops at a quote that is never closed.
    """
    damaged = []

    def kept_aside(line) -> str:
        damaged.append((line.text, [f"{line.actual_columns} fields where the header has {line.expected_columns}"]))
        return "skip"

    names = pl.scan_csv(path, infer_schema=False).collect_schema().names()
    types = csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()), null_values=[""],
                               strings_can_be_null=True)  # fmt: skip
    rows = csv.read_csv(path, parse_options=csv.ParseOptions(invalid_row_handler=kept_aside), convert_options=types)
    return pl.from_arrow(rows), pl.DataFrame(damaged, schema=REFUSED, orient="row")


def schema(stores: list[str]) -> pa.DataFrameSchema:
    """The contract. Checks of an empty value pass; whether a value may be empty is for `nullable` to say."""
    return pa.DataFrameSchema(
        {
            # unique=True would refuse the first row of a key too.
            "incident_id": pa.Column(str, pa.Check(first_of_its_key, error="stands already on an earlier row")),
            "store_id": pa.Column(str, pa.Check.isin(stores, error="not in the table stores"), nullable=True),
            "kind": pa.Column(str, pa.Check.isin(KINDS)),
            "attempted": pa.Column(bool, nullable=True),
            "occurred_on": pa.Column(pl.Date, pa.Check.in_range(FIRST, TODAY), nullable=True),
            "occurred_on_text": pa.Column(str),
            "occurred_hour": pa.Column(int, pa.Check.in_range(0, 23), nullable=True),
            "entered_on": pa.Column(pl.Date, pa.Check.le(TODAY), nullable=True),
            "loss": pa.Column(float, pa.Check.in_range(0, 100_000_000), nullable=True),
            "currency": pa.Column(str, pa.Check.str_matches("^[A-Z]{3}$"), nullable=True),
            "price_basis": pa.Column(str, pa.Check.isin(["cost", "retail", "unknown"]), nullable=True),
            "region": pa.Column(str, nullable=True),
        },
        checks=[
            pa.Check(entered_after_it_happened, error="entered_on: before occurred_on"),
            *(pa.Check(readable(name), error=f"{name}: not of its type") for name in TYPED),
        ],
    )


def first_of_its_key(rows: pa.PolarsData) -> pl.LazyFrame:
    return rows.lazyframe.select(pl.col(rows.key).is_first_distinct() | pl.col(rows.key).is_null())


def entered_after_it_happened(rows: pa.PolarsData) -> pl.LazyFrame:
    return rows.lazyframe.select(pl.col("entered_on") >= pl.col("occurred_on"))


def readable(name: str):
    value, text = pl.col(name), pl.col(f"{name}_text")
    return lambda rows: rows.lazyframe.select(text.is_null() | value.is_not_null())
