"""Security readiness: how fast weaknesses and incidents end, who is trained, whether the network holds."""

from dataclasses import replace
from datetime import date

import ibis
import polars as pl
from ibis import _

from retail_analytics.measure import Duration, Flow, Measured, Metric, Stock, of_scope
from retail_analytics.months import after, window
from retail_analytics.warehouse import Warehouse
from retail_analytics.warehouse.scopes import ALL

time_to_contain = Duration(
    id="C02",
    name="time_to_contain",
    label="Time to contain",
    unit="days from noticing a cyber incident to stopping it",
    definition="Days from the day a cyber incident was noticed to the day it was stopped. Incidents that still "
    "go on count as open, not as missing.",
    table="incidents",
    start="detected_on",
    end="contained_on",
    ends="containment dates",
    where=_.kind == "cyber",
    better="lower",
)

remediation_half_life = Duration(
    id="C04",
    name="remediation_half_life",
    label="Remediation half-life",
    unit="days from finding a weakness to its fix",
    definition="Days from the day a weakness was first found to the day it was found fixed; the half-life is the "
    "day by which half are fixed. Open findings count as open.",
    table="findings",
    start="first_detected_on",
    end="fixed_on",
    ends="fix dates",
    better="lower",
)

training_current = Metric(
    id="C07",
    name="training_current",
    label="Training that is current",
    unit="share of required courses that are complete and not expired",
    definition="Courses required of people on staff on the last day of the month that are completed and not "
    "expired, divided by all courses required of them. The people are those on staff, not those "
    "enrolled.",
    numerator=Stock("training", start="current_from", end="current_to"),
    denominator=Stock("training", start="joined_on", end="left_on"),
    estimate="share",
    better="higher",
)

uplink_availability = Metric(
    id="A16",
    name="uplink_availability",
    label="Network availability",
    unit="share of open minutes with a connection",
    definition="Minutes in which a store was open and its uplink up, divided by all minutes in which it was "
    "open.",
    numerator=Flow("uplinks", on="day", total=(_.minutes_open - _.minutes_down).sum()),
    denominator=Flow("uplinks", on="day", total=_.minutes_open.sum()),
    estimate="ratio",
    better="higher",
)

uplink_in_agreement = Metric(
    id="A16a",
    name="uplink_in_agreement",
    label="Uplink days within the agreed latency",
    unit="share of uplink days that kept the latency the carrier agreed",
    definition="Uplink days whose 95th percentile of latency was at most what the carrier agreed, divided by all "
    "uplink days. A day without a sample counts as not kept.",
    numerator=Flow("uplinks", on="day", where=_.in_agreement),
    denominator=Flow("uplinks", on="day"),
    estimate="share",
    better="higher",
)

readiness_index = Metric(
    id="R0",
    name="readiness_index",
    label="Readiness index",
    unit="points of 100",
    definition="The mean of ten domains, each the geometric mean of its indicators on (level + 0.5) / 4.5, times "
    "100. A level from 0 to 4 is what an indicator's measurement earns against the tolerance its "
    "owner agreed. Where an indicator is missing, every level is taken to be as likely as any other: "
    "that is the interval. It is an index of this company, not a certificate.",
    estimate="index",
    better="higher",
)

EXPIRY_STEP = 91  # days; evidence loses one level for each quarter it is past its date


def assessments(warehouse: Warehouse, *, last_month, months: int = 12, scope: str = "all") -> Measured:
    """The newest level of each assessed safeguard at the end of the last month.

    One row per domain and safeguard: domain, control_id, level (0 to 4, after the ceiling of its evidence
    and the quarters since it expired), stated_level, evidence, assessed_on, past_date. A safeguard that
    is assessed store by store has the median level of its stores; one of a region, format or store counts what is
    assessed there, and for the company as a whole.
    """
    place = warehouse.scope(scope)
    first, last = window(last_month, months)
    end = min(after(last), warehouse.known_by or date.max)
    schema = {"domain": pl.String, "control_id": pl.String, "level": pl.Float64, "stated_level": pl.Float64}
    schema |= {"evidence": pl.String, "assessed_on": pl.Date, "past_date": pl.Boolean}
    facts = Measured(
        rows=pl.DataFrame(schema=schema), metric=readiness_index, last_month=last, months=months, scope=scope,
        place=place, known_by=warehouse.known_by, snapshot=warehouse.snapshot, tables=("controls",),
    )  # fmt: skip
    if "controls" not in warehouse.coverage:
        return replace(facts, not_recorded=warehouse.lacking("controls"))
    t = warehouse.table("controls")
    t = t.filter(t.assessed_on < end)
    for_all = t.filter(t.store_id.isnull())
    t = t if place == ALL else ibis.union(of_scope(t, place), for_all)
    found = warehouse.read(t).sort("assessed_on").group_by("control_id", "store_id", maintain_order=True).last()
    quarters = (pl.lit(end) - pl.col("expires_on")).dt.total_days() / EXPIRY_STEP
    lost = quarters.ceil().clip(0, 4).fill_null(0)
    found = found.with_columns(level=(pl.col("level") - lost).clip(0, 4), past_date=pl.col("expires_on") < end)
    rows = found.group_by("domain", "control_id").agg(
        pl.col("level").median(), pl.col("stated_level").median().cast(pl.Float64), pl.col("evidence").first(),
        pl.col("assessed_on").max(), pl.col("past_date").fill_null(False).any(),
    )  # fmt: skip
    return replace(facts, rows=rows.sort("domain", "control_id").cast(schema), as_known=end)
