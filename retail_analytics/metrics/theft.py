"""Theft and loss: what is recorded, what it costs, how late it is known."""

import ibis
import polars as pl
from ibis import _

from retail_analytics.language import decimal, phrase
from retail_analytics.measure import Duration, Flow, Measured, Metric, Stock, measure, of_scope
from retail_analytics.warehouse import Warehouse

is_theft = (_.kind == "theft") & ~_.attempted
visits = Flow("store_days", on="day", total=_.visits.sum())

recorded_thefts = Metric(
    id="B01a",
    name="recorded_thefts",
    label="Recorded thefts",
    unit="recorded thefts",
    definition="Thefts that somebody wrote down, counted on the day they happened. Attempts are not counted.",
    numerator=Flow("incidents", on="occurred_on", where=is_theft, total=_.incidents.sum()),
    estimate="count",
    better="lower",
)

# A day without a visitor count has no rate, so its thefts are left out of the rate too.
theft_rate = Metric(
    id="B01",
    name="theft_rate",
    label="Recorded theft rate",
    unit="recorded thefts per 10,000 visits",
    definition="Recorded thefts divided by visits, on the days on which a store counted its visits. Attempts are "
    "not counted.",
    numerator=Flow("incidents", on="occurred_on", where=is_theft & _.visits_known, total=_.incidents.sum()),
    denominator=visits,
    per=10_000,
    better="lower",
)

known_loss = Metric(
    id="B02",
    name="known_loss",
    label="Known loss",
    unit="known loss at cost",
    definition="What recorded incidents took, less what came back, at cost. Incidents without a value, or valued "
    "at retail prices, add nothing: the figure is a floor. Currencies are never added to each other.",
    numerator=Flow("incidents", on="occurred_on", total=(_.loss_at_cost - _.recovered_at_cost).sum()),
    currency="currency",
    estimate="amount",
    better="lower",
)

valued_share = Metric(
    id="B02a",
    name="valued_share",
    label="Thefts with a known value",
    unit="share of recorded thefts that carry a value at cost",
    definition="Recorded thefts with a loss at cost that is known and not 0, divided by all recorded thefts.",
    numerator=Flow("incidents", on="occurred_on", where=is_theft & _.loss_at_cost.notnull()),
    denominator=Flow("incidents", on="occurred_on", where=is_theft),
    estimate="share",
    better="higher",
)

incidents_of_a_kind = Metric(
    id="B06",
    name="incidents_of_a_kind",
    label="Recorded incidents by kind",
    unit="recorded incidents",
    definition="Everything recorded as an incident, by its kind. How a kind is chosen differs between systems.",
    numerator=Flow("incidents", on="occurred_on", total=_.incidents.sum()),
    estimate="count",
    better="lower",
)

reporting_lag = Duration(
    id="B05",
    name="reporting_lag",
    label="Reporting lag",
    unit="days from the theft to its entry",
    definition="Days from the day of a theft to the day it was entered into the system. Thefts that nobody has "
    "entered yet are in no export, so the newest months look quicker than they are.",
    table="incidents",
    start="occurred_on",
    end="entered_on",
    ends="entry dates",
    is_open="not yet entered",
    where=is_theft,
    better="lower",
)

time_to_outcome = Duration(
    id="B14",
    name="time_to_outcome",
    label="Time to a first outcome",
    unit="months from the theft to the first outcome",
    definition="Months from the month of a recorded theft to the month of its first published outcome. Thefts "
    "without one count as open.",
    table="incidents",
    start="occurred_on",
    end="decided_on",
    ends="outcomes of incidents",
    every="month",
    is_open="still without an outcome",
    where=is_theft & _.reference.notnull(),
    better="lower",
)

stores_open = Metric(
    id="A02c",
    name="stores_open",
    label="Stores open",
    unit="stores",
    definition="Stores that had opened and not closed at the end of the period.",
    numerator=Stock("stores", start="opened_on", end="closed_on"),
    estimate="count",
)


def thefts_by_hour(warehouse: Warehouse, **story) -> Measured:
    """Recorded thefts by hour and weekday against the average hour of the week.

    One row per weekday (Monday 1) and hour in which at least one theft was ever recorded: weekday, hour,
    numerator (thefts), denominator (thefts an average hour would have), value (their ratio). Thefts without a
    known hour are left out and counted in the notes.
    """
    facts = measure(warehouse, recorded_thefts, **story)
    amounts = dict.fromkeys(("numerator", "denominator", "value"), pl.Float64)
    empty = pl.DataFrame(schema={"weekday": pl.Int64, "hour": pl.Int64} | amounts)
    if facts.not_recorded:
        return facts.with_rows(empty)
    t = warehouse.table("incidents").filter(is_theft)
    first, end = facts.rows["period"].min(), facts.rows["period"].max()
    t = t.filter(t.occurred_on >= first, t.occurred_on < ibis.literal(end) + ibis.interval(months=1))
    t = of_scope(t, facts.place)
    counts = warehouse.read(
        t.group_by(weekday=t.occurred_on.day_of_week.index() + 1, hour=t.occurred_hour).agg(numerator=t.incidents.sum())
    ).cast({"weekday": pl.Int64, "hour": pl.Int64, "numerator": pl.Float64})
    without = counts.filter(pl.col("hour").is_null())["numerator"].sum()
    known = counts.filter(pl.col("hour").is_not_null())
    if known.is_empty():
        missing = phrase("no {what} in this warehouse", what=phrase("hours of incidents"))
        return facts.with_rows(empty, not_recorded=missing)
    hours = known.select(pl.col("hour").unique())
    cells = pl.DataFrame({"weekday": range(1, 8)}).join(hours, how="cross")
    rows = cells.join(known, on=["weekday", "hour"], how="left").with_columns(pl.col("numerator").fill_null(0.0))
    rows = rows.with_columns(denominator=pl.col("numerator").mean())
    rows = rows.with_columns(value=pl.col("numerator") / pl.col("denominator")).sort("hour", "weekday")
    left_out = phrase("{n} recorded thefts without a known hour are left out.", n=decimal(without))
    notes = (left_out,) if without else ()
    return facts.with_rows(rows, notes=facts.notes + notes)
