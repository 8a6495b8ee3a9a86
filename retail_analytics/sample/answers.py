"""The truth folder: what tests, and nothing else, may compare reports with."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from retail_analytics.sample import retailer
from retail_analytics.sample.cases import case_numbers
from retail_analytics.sample.exports import iso, to_day
from retail_analytics.sample.observation import Recorded
from retail_analytics.sample.retailer import EXPORTED_ON, LAST_DAY, day_number
from retail_analytics.sample.truth import Truth


def write(true: Truth, recorded: Recorded, folder: Path) -> None:
    """Write facts, stores, store weeks, cases, devices, device records and break-ins, one CSV each."""
    folder.mkdir(parents=True, exist_ok=True)
    estate, cases = true.devices, recorded.cases
    files = {
        "facts": pl.DataFrame(_facts(true, recorded), schema=["fact", "value"], orient="row"),
        "stores": true.stores.select(
            "store_id", "region", "store_format", "theft_level", "reporting", "theft_trend", "visits_a_day",
            to_day("opened"), to_day("closed"), to_day("remodelled"),
        ),
        "store_weeks": _store_weeks(true, recorded),
        "cases": cases.select(
            case_numbers(cases), "event", "kind", "twice", to_day("occurred"), to_day("entered"), "loss_cost"
        ),
        "devices": estate.select(
            "device", "store_id", "region", "device_class", "vendor", "model", "os", "os_version",
            to_day("installed"), to_day("removed"), "agent_capable", "agent_runs", "isolated", "monitored",
            "exposure",
        ),
        "device_records": pl.concat(
            rows.select(pl.lit(source).alias("source"), "source_id", "device")
            for source, rows in (("runzero", recorded.runzero), ("servicenow", recorded.cmdb))
        ),
        "break_ins": true.break_ins.with_columns(to_day("began"), to_day("detected"), to_day("contained")),
    }  # fmt: skip
    for name, rows in files.items():
        rows.write_csv(folder / f"{name}.csv", line_terminator="\n")


def _facts(true: Truth, recorded: Recorded) -> list[tuple[str, str]]:
    """What was built in, and what came of it."""
    facts = [
        ("first_day", iso(true.first_day)),
        ("last_day", iso(LAST_DAY)),
        ("change_region", retailer.CHANGE_REGION),
        ("change_on", str(retailer.CHANGE_ON)),
        ("change_factor", str(retailer.CHANGE_FACTOR)),
        ("case_types_changed_on", str(retailer.CASE_TYPES_CHANGED_ON)),
        ("prices_raised_on", str(retailer.PRICES_RAISED_ON)),
    ]
    facts += [(f"app_rollout {region}", str(day)) for region, day in retailer.APP_ROLLOUTS.items()]
    facts += [(f"discovery_started {region}", str(day)) for region, day in retailer.DISCOVERY_STARTED.items()]
    ends = [day_number(date(year, 11, 1)) - 1 for year in range(EXPORTED_ON.year - true.years, EXPORTED_ON.year + 1)]
    active = [_active(true.devices, day) for day in ends]
    facts += [(f"devices {iso(day)}", str(number)) for day, number in zip(ends, active, strict=True)]
    facts += [
        (f"device_growth to {iso(day)}", f"{later / before - 1:.4f}")
        for day, before, later in zip(ends[1:], active, active[1:], strict=False)
    ]
    theft = true.incidents.filter((pl.col("kind") == "theft") & ~pl.col("attempted"))
    cases = recorded.cases.filter((pl.col("kind") == "theft") & ~pl.col("attempted") & ~pl.col("twice"))
    visits = int(true.visits.sum())
    return [
        *facts,
        ("visits", str(visits)),
        ("thefts", str(len(theft))),
        ("thefts_recorded_once", str(len(cases))),
        ("recorded_theft_rate_per_10000_visits", f"{1e4 * len(cases) / visits:.4f}"),
    ]


def _active(estate: pl.DataFrame, day: int) -> int:
    return estate.filter((pl.col("installed") <= day) & (pl.col("removed") > day)).height


def _store_weeks(true: Truth, recorded: Recorded) -> pl.DataFrame:
    """One row per store and week (its Monday): true visits and thefts, and the thefts recorded by now."""
    days = np.arange(true.first_day, LAST_DAY + 1)
    monday = days - (days + 3) % 7
    visits = pl.DataFrame(
        {
            "store": np.repeat(np.arange(len(true.stores)), len(days)),
            "week": np.tile(monday, len(true.stores)),
            "visits": true.visits.ravel(),
        }
    )
    weeks = visits.group_by("store", "week", maintain_order=True).agg(pl.col("visits").sum())
    theft = (pl.col("kind") == "theft") & ~pl.col("attempted")
    of_week = (pl.col("occurred") - (pl.col("occurred") + 3) % 7).alias("week")
    real = true.incidents.filter(theft).group_by("store", of_week).agg(thefts=pl.len())
    once = recorded.cases.filter(theft & ~pl.col("twice")).group_by("store", of_week).agg(recorded=pl.len())
    rows = weeks.join(real, on=["store", "week"], how="left").join(once, on=["store", "week"], how="left")
    rows = rows.join(true.stores.select("store", "store_id"), on="store").sort("store", "week")
    return rows.select("store_id", to_day("week"), "visits", pl.col("thefts", "recorded").fill_null(0))
