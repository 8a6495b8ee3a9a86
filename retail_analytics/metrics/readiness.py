"""Security readiness: how fast weaknesses and incidents end, who is trained, whether the network holds."""

import math

import polars as pl
from ibis import _

from retail_analytics.measure import Duration, Flow, Metric, Stock

time_to_contain = Duration(
    id="C02",
    name="time_to_contain",
    label="Time to contain",
    unit="days from noticing a cyber incident to stopping it",
    definition="Days from the day a cyber incident was noticed to the day it was stopped. Incidents that still go on "
    "count as open, not as missing.",
    table="incidents",
    start="detected_on",
    end="contained_on",
    where=_.kind == "cyber",
    better="lower",
)

remediation_half_life = Duration(
    id="C04",
    name="remediation_half_life",
    label="Remediation half-life",
    unit="days from finding a weakness to its fix",
    definition="Days from the day a weakness was first found to the day it was found fixed; the half-life is the day by "
    "which half are fixed. Open findings count as open.",
    table="findings",
    start="first_detected_on",
    end="fixed_on",
    better="lower",
)

training_current = Metric(
    id="C07",
    name="training_current",
    label="Training that is current",
    unit="of required courses are complete and not expired",
    definition="Courses required of people on staff on the last day of the month that are completed and not expired, divided by all "
    "courses required of them. The people are those on staff, not those enrolled.",
    numerator=Stock("training", start="current_from", end="current_to"),
    denominator=Stock("training", start="joined_on", end="left_on"),
    estimate="share",
    better="higher",
)

uplink_availability = Metric(
    id="A16",
    name="uplink_availability",
    label="Network availability",
    unit="of open minutes with a connection",
    definition="Minutes in which a store was open and its uplink up, divided by all minutes in which it was open.",
    numerator=Flow("uplinks", on="day", total=(_.minutes_open - _.minutes_down).sum()),
    denominator=Flow("uplinks", on="day", total=_.minutes_open.sum()),
    estimate="ratio",
    better="higher",
)

uplink_in_agreement = Metric(
    id="A16a",
    name="uplink_in_agreement",
    label="Uplink days within the agreed latency",
    unit="of uplink days kept the latency the carrier agreed",
    definition="Uplink days whose 95th percentile of latency was at most what the carrier agreed, divided by all uplink "
    "days. A day without a sample counts as not kept.",
    numerator=Flow("uplinks", on="day", where=_.in_agreement),
    denominator=Flow("uplinks", on="day"),
    estimate="share",
    better="higher",
)
