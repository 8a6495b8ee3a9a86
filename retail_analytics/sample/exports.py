"""How the retailer's systems write down what they hold: one file each, and a load.yaml that says which is what."""

from pathlib import Path

import numpy as np
import polars as pl

from retail_analytics.sample import cases, governance, inventories
from retail_analytics.sample.network import SAMPLED_FROM
from retail_analytics.sample.observation import Recorded
from retail_analytics.sample.retailer import EXPORTED_ON, LAST_DAY, NEVER, stream
from retail_analytics.sample.truth import Truth

TRAINING_COVERS_DAYS = 44  # only newest completions are exported: the file cannot tell about older months


def write(true: Truth, recorded: Recorded, folder: Path, *, seed: int) -> None:
    """Write every export and the load.yaml into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    shops = true.stores
    files = {
        "stores": _stores(shops),
        "store_days": _store_days(true, recorded.counter_ok),
        "runzero_assets": inventories.runzero(recorded),
        "servicenow_cmdb": inventories.servicenow(recorded),
        "lp_cases": cases.export(stream(seed, "lp_cases"), recorded.cases, shops),
        "cyber_incidents": _cyber_incidents(true),
        "findings": _findings(recorded.findings),
        "controls": governance.controls(stream(seed, "controls"), shops, true.first_day).with_columns(
            to_day("assessed_on"), to_day("expires_on")
        ),
        "training": _training(true),
        "uplinks": _uplinks(true),
        "annotations": governance.annotations(),
        "tolerances": governance.tolerances(),
    }
    for name, rows in files.items():
        rows.write_csv(folder / f"{name}.csv", line_terminator="\n")
    (folder / "load.yaml").write_bytes(_plan(true.first_day).encode())


def _plan(first_day: int) -> str:
    history = f"covers: [{iso(first_day)}, {iso(LAST_DAY)}]"
    samples = f"covers: [{iso(max(SAMPLED_FROM, first_day))}, {iso(LAST_DAY)}]"
    newest = f"covers: [{iso(LAST_DAY - TRAINING_COVERS_DAYS)}, {iso(LAST_DAY)}]"
    return f"""title: Example Grocers
known_on: {EXPORTED_ON}
files:
  - {{file: stores.csv, table: stores, mapping: own}}
  - {{file: store_days.csv, table: store_days, mapping: own, {history}}}
  - {{file: runzero_assets.csv, mapping: runzero_assets}}
  - {{file: servicenow_cmdb.csv, mapping: servicenow_cmdb, {history}}}
  - {{file: lp_cases.csv, mapping: lp_cases, {history}}}
  - {{file: cyber_incidents.csv, table: incidents, mapping: own, {history}}}
  - {{file: findings.csv, table: findings, mapping: own, {history}}}
  - {{file: controls.csv, table: controls, mapping: own}}
  - {{file: training.csv, table: training, mapping: own, {newest}}}
  - {{file: uplinks.csv, table: uplinks, mapping: own, {samples}}}
  - {{file: annotations.csv, table: annotations, mapping: own}}
  - {{file: tolerances.csv, table: tolerances, mapping: own}}
"""


def _stores(shops: pl.DataFrame) -> pl.DataFrame:
    return shops.select(
        "store_id", "store_name", "region", "store_format", to_day("opened", "opened_on"),
        to_day("closed", "closed_on"), pl.col("area_sqm").cast(pl.Int64),
    )  # fmt: skip


def _store_days(true: Truth, counter_ok: np.ndarray) -> pl.DataFrame:
    row, column = np.nonzero(true.visits)
    rows = pl.DataFrame(
        {
            "store_id": true.stores["store_id"].to_numpy()[row],
            "day": true.first_day + column,
            "visits": true.visits[row, column],
            "ok": counter_ok[row, column],
        }
    )
    return rows.select("store_id", to_day("day"), visits=pl.when("ok").then("visits"))


def _cyber_incidents(true: Truth) -> pl.DataFrame:
    rows = true.break_ins.join(true.stores.select("store", "store_id"), on="store", how="left", maintain_order="left")
    began = pl.when("began_known").then("began").otherwise("detected")  # mostly nobody knows when it began
    entered = pl.min_horizontal(pl.col("detected") + pl.col("event") % 3, pl.lit(LAST_DAY))
    return rows.with_columns(began=began, entered=entered).select(
        incident_id="CY-"
        + to_day("detected").dt.strftime("%Y")
        + "-"
        + (pl.col("event") + 1).cast(pl.String).str.zfill(4),
        store_id="store_id",
        kind=pl.lit("cyber"),
        attempted=pl.lit("false"),
        number=pl.lit(1),
        occurred_on=to_day("began"),
        precision=pl.lit("day"),
        entered_on=to_day("entered"),
        detected_on=to_day("detected"),
        contained_on=to_day("contained"),
        loss=pl.col("loss").fill_nan(None),
        currency=pl.lit("USD"),
        price_basis=pl.lit("cost"),
    )


def _findings(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(
        finding_id="F-" + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6),
        source=pl.lit("runzero"),
        source_id="source_id",
        cve=pl.when(pl.col("cve") != "").then("cve"),
        severity="severity",
        exposure="exposure",
        first_detected_on=to_day("found"),
        last_detected_on=to_day("seen"),
        fixed_on=to_day("fixed"),
    )


def _training(true: Truth) -> pl.DataFrame:
    rows = true.training.join(true.stores.select("store", "store_id"), on="store", how="left", maintain_order="left")
    expires = pl.when(pl.col("completed") < NEVER).then(pl.col("completed") + 365).otherwise(NEVER)
    return rows.with_columns(expires=expires).select(
        "person_id", "course", "store_id", "role", to_day("joined", "joined_on"), to_day("left", "left_on"),
        to_day("completed", "completed_on"), to_day("expires", "expires_on"), observed_on=pl.lit(EXPORTED_ON),
    )  # fmt: skip


def _uplinks(true: Truth) -> pl.DataFrame:
    rows = true.uplink_days.join(true.stores.select("store", "store_id"), on="store", how="left", maintain_order="left")
    all_day = pl.col("minutes_down") >= pl.col("minutes_open") * 0.6  # the probe needs a connection to answer
    return rows.select(
        "uplink_id", "store_id", "link_type", to_day("day"), "minutes_open", "minutes_down",
        latency_ms=pl.when(~all_day).then("latency"), agreed_latency_ms="agreed_latency",
    )  # fmt: skip


def to_day(column: str, name: str | None = None) -> pl.Expr:
    """A day number as a date; empty for NEVER."""
    days = pl.when(pl.col(column) < NEVER).then(pl.col(column))
    return days.cast(pl.Int32).cast(pl.Date).alias(name or column)


def iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
