"""The same job in pandas, every rule of the incidents contract written out by hand."""

from datetime import date
from itertools import compress
from pathlib import Path

import duckdb
import pandas as pd

TODAY = pd.Timestamp(date(2026, 1, 1))
KINDS = ["theft", "fraud", "violence", "threat", "robbery", "burglary", "damage", "disorder", "cyber", "other"]


def load(folder: Path) -> None:
    damaged = []

    def kept_aside(line) -> str:
        damaged.append((line.text, [f"{line.actual_columns} fields where the header has {line.expected_columns}"]))
        return "skip"

    # pandas' own reader pads short lines without a word and stops at a quote that is never closed.
    text = pd.read_csv(folder / "incidents.csv", dtype=str, keep_default_na=False, na_values=[""], engine="pyarrow",
                       on_bad_lines=kept_aside)  # fmt: skip
    stores = pd.read_csv(folder / "stores.csv", dtype=str)["store_id"]
    typed = text.assign(
        attempted=text["attempted"].map({"true": True, "false": False}).astype("boolean"),
        occurred_on=pd.to_datetime(text["occurred_on"], format="%Y-%m-%d", errors="coerce"),
        occurred_hour=pd.to_numeric(text["occurred_hour"], errors="coerce"),
        entered_on=pd.to_datetime(text["entered_on"], format="%Y-%m-%d", errors="coerce"),
        loss=pd.to_numeric(text["loss"], errors="coerce"),
    )
    broken = pd.DataFrame(reasons(text, typed, stores))
    good = ~broken.any(axis=1)
    bad = broken[~good].to_numpy()
    lines = text[~good].fillna("").agg(",".join, axis=1) if len(bad) else []
    refused = damaged + [(line, list(compress(broken.columns, row))) for line, row in zip(lines, bad, strict=True)]
    with duckdb.connect(str(folder / "by_pandas.duckdb")) as con:
        con.register("good", typed[good])
        con.execute("""
            CREATE TABLE incidents AS
            SELECT * REPLACE (occurred_on::DATE AS occurred_on, occurred_hour::BIGINT AS occurred_hour,
                              entered_on::DATE AS entered_on)
            FROM good
        """)
        con.execute("CREATE TABLE refused (text VARCHAR, reasons VARCHAR[])")
        if refused:
            con.executemany("INSERT INTO refused VALUES (?, ?)", refused)
        con.execute("CHECKPOINT")


def reasons(text: pd.DataFrame, typed: pd.DataFrame, stores: pd.Series) -> dict[str, pd.Series]:
    """For every reason the rows that it holds for. Comparisons with an empty value are never true."""
    occurred_on, entered_on, hour, loss = (typed[n] for n in ("occurred_on", "entered_on", "occurred_hour", "loss"))
    return {
        "incident_id: empty, but required": text["incident_id"].isna(),
        "incident_id: stands already on an earlier row": text["incident_id"].duplicated() & text["incident_id"].notna(),
        "store_id: not in the table stores": text["store_id"].notna() & ~text["store_id"].isin(stores),
        "kind: empty, but required": text["kind"].isna(),
        "kind: not a known kind": text["kind"].notna() & ~text["kind"].isin(KINDS),
        "attempted: not true or false": text["attempted"].notna() & typed["attempted"].isna(),
        "occurred_on: empty, but required": text["occurred_on"].isna(),
        "occurred_on: not a date": text["occurred_on"].notna() & occurred_on.isna(),
        "occurred_on: before 1990": occurred_on < pd.Timestamp(1990, 1, 1),
        "occurred_on: in the future": occurred_on > TODAY,
        "occurred_hour: not a whole number": text["occurred_hour"].notna() & (hour.isna() | (hour % 1 != 0)),
        "occurred_hour: not 0 to 23": (hour < 0) | (hour > 23),
        "entered_on: not a date": text["entered_on"].notna() & entered_on.isna(),
        "entered_on: in the future": entered_on > TODAY,
        "entered_on: before occurred_on": entered_on < occurred_on,
        "loss: not a number": text["loss"].notna() & (loss.isna() | loss.isin([float("inf"), -float("inf")])),
        "loss: not 0 to 100 million": (loss < 0) | (loss > 100_000_000),
        "currency: not three capitals": ~text["currency"].str.fullmatch("[A-Z]{3}", na=True),
        "price_basis: not cost, retail or unknown": text["price_basis"].notna()
        & ~text["price_basis"].isin(["cost", "retail", "unknown"]),
    }
