"""The connected estate: how large it is, how fast it grows, what of it can be protected."""

from datetime import date

import polars as pl
from ibis import _

from retail_analytics.language import in_words, message, phrase
from retail_analytics.measure import Flow, Measured, Metric, Stock, measure, of_scope
from retail_analytics.metrics.theft import stores_open
from retail_analytics.months import after
from retail_analytics.warehouse import Warehouse
from retail_analytics.warehouse.scopes import Scope


def in_service(where=None, total=None) -> Stock:
    """Devices in service on the last day of a period."""
    return Stock("devices", start="in_service_from", end="in_service_to", where=where, total=total)


active_devices = Metric(
    id="A01",
    name="active_devices",
    label="Connected devices in service",
    unit="devices",
    definition="Devices in service on the last day of the month. Records of several systems that share a serial "
    "number, a hardware address, an asset tag, an agent's id or, in one store, name and model are one "
    "device. Seen by no tool for 90 days means gone.",
    numerator=in_service(),
    estimate="count",
)

arrivals = Metric(
    id="A01a",
    name="arrivals",
    label="Devices that arrived",
    unit="devices",
    definition="Devices that went into service in the month. Devices that a tool saw when it was switched on "
    "were there before and do not count as arrivals.",
    numerator=Flow("devices", on="in_service_from", where=_.origin == "arrival"),
    estimate="count",
)

newly_visible = Metric(
    id="A01b",
    name="newly_visible",
    label="Devices newly visible",
    unit="devices",
    definition="Devices first seen within 14 days of the day a discovery tool was switched on in their region, "
    "and with no installation date: visible now, not new.",
    numerator=Flow("devices", on="in_service_from", where=_.origin == "first_visible"),
    estimate="count",
)

departures = Metric(
    id="A01c",
    name="departures",
    label="Devices that left",
    unit="devices",
    definition="Devices that went out of service in the month, or were last seen then and not for 90 days after.",
    numerator=Flow("devices", on="in_service_to", where=_.in_service_from.notnull()),
    estimate="count",
)

devices_per_store = Metric(
    id="A02",
    name="devices_per_store",
    label="Devices per store",
    unit="devices per store",
    definition="Devices in service divided by stores open, both on the last day of the month.",
    numerator=in_service(_.store_id.notnull()),
    denominator=stores_open.numerator,
    estimate="count",
)

devices_per_area = Metric(
    id="A02a",
    name="devices_per_area",
    label="Devices per 100 m²",
    unit="devices per 100 m² of sales area",
    definition="Devices in service divided by the sales area of stores open, both on the last day of the month. "
    "Stores whose area is not known are left out of both.",
    numerator=in_service(_.area_known),
    denominator=Stock("stores", start="opened_on", end="closed_on", total=_.area_sqm.sum()),
    per=100,
)

unidentified_share = Metric(
    id="A04",
    name="unidentified_share",
    label="Unidentified devices",
    unit="share of devices that lack a class, a model or an operating system",
    definition="Devices in service whose class, model or operating system is not known, divided by all devices "
    "in service.",
    numerator=in_service(total=_.unidentified.cast("int8").sum()),
    denominator=in_service(),
    estimate="share",
    better="lower",
)

undecided_pairs = Metric(
    id="A04a",
    name="undecided_pairs",
    label="Undecided pairs of records",
    unit="pairs of records",
    definition="Pairs of device records that share an identifier while something stands against their being one "
    "device. Until a person decides, each record counts as a device of its own.",
    estimate="count",
    better="lower",
)

past_support_share = Metric(
    id="A07",
    name="past_support_share",
    label="Devices past end of support",
    unit="share of devices whose operating system is past its support",
    definition="Devices in service whose operating system's support has ended by the last day of the month, by "
    "endoflife.date, divided by all devices in service. Devices with no known support date are not "
    "counted as past it.",
    numerator=Stock("devices", start="past_support_from", end="in_service_to"),
    denominator=in_service(),
    estimate="share",
    better="lower",
)

support_unknown_share = Metric(
    id="A07a",
    name="support_unknown_share",
    label="Devices with unknown end of support",
    unit="share of devices without a known end of support",
    definition="Devices in service whose operating system is not known, or not known to endoflife.date, divided "
    "by all devices in service.",
    numerator=in_service(~_.support_known),
    denominator=in_service(),
    estimate="share",
    better="lower",
)

protection = Metric(
    id="A08",
    name="protection",
    label="Devices by protection",
    unit="devices",
    definition="Devices in service by how they are protected: security software reports in (within 7 days of the "
    "export); could run it but is silent; cannot run it but is isolated and watched; not protected; "
    "not known. As observed in the newest export.",
    numerator=in_service(),
    estimate="share",
)

unprotected_share = Metric(
    id="A08a",
    name="unprotected_share",
    label="Devices without protection",
    unit="share of devices that are not protected or whose security software is silent",
    definition="Devices in service that cannot run our security software and are not both isolated and watched, "
    "or that could run it but do not report in, divided by all devices in service.",
    numerator=in_service(_.protection.isin(["not protected", "protection silent"])),
    denominator=in_service(),
    estimate="share",
    better="lower",
)

protection_unknown_share = Metric(
    id="A08b",
    name="protection_unknown_share",
    label="Devices whose protection is not known",
    unit="share of devices without known protection",
    definition="Devices in service of which no system says whether they can run security software, or whether "
    "they are isolated and watched, divided by all devices in service.",
    numerator=in_service(_.protection == "unknown"),
    denominator=in_service(),
    estimate="share",
    better="lower",
)

known_exploited_open = Metric(
    id="A11",
    name="known_exploited_open",
    label="Known-exploited weaknesses open",
    unit="open findings",
    definition="Findings open on the last day of the month whose CVE stood in CISA's catalogue of known "
    "exploited vulnerabilities by then. Devices that no scanner can look at add none: absence is not "
    "safety.",
    numerator=Stock("findings", start="exploited_from", end="fixed_on", where=_.known_exploited),
    estimate="count",
    better="lower",
)

known_exploited_rate = Metric(
    id="A11b",
    name="known_exploited_rate",
    label="Known-exploited weaknesses per 100 devices",
    unit="open findings per 100 devices",
    definition="Known-exploited findings open on the last day of the month, divided by devices in service. "
    "Devices that no scanner can look at add none: absence is not safety.",
    numerator=known_exploited_open.numerator,
    denominator=in_service(),
    per=100,
    better="lower",
)

past_clock_share = Metric(
    id="A11a",
    name="past_clock_share",
    label="Known-exploited weaknesses past their clock",
    unit="share of open known-exploited findings past the agreed days",
    definition="Known-exploited findings open longer than the days that an owner agreed for their exposure, "
    "divided by all open ones for which days are agreed. The clock starts when the weakness is both "
    "found and in the catalogue.",
    numerator=Stock("findings", start="clock_ends_on", end="fixed_on", where=_.known_exploited),
    denominator=Stock(
        "findings", start="exploited_from", end="fixed_on", where=_.known_exploited & _.clock_ends_on.notnull()
    ),
    estimate="share",
    better="lower",
)

PROTECTION_BANDS = ("protected", "isolated and watched", "protection silent", "not protected", "unknown")
SUPPORT_BANDS = ("supported", "past end of support", "unknown")
TO_DECIDE = message(
    "To decide them, say in a device_overrides.csv which pairs are one device and which are two; "
    "retail-analytics list doubts names them."
)


net_growth = Metric(
    id="A01d",
    name="net_growth",
    label="Growth of the estate",
    unit="net growth in 12 months",
    definition="Devices that arrived less devices that left in 12 months, divided by the devices in service "
    "before them. Devices that only became visible are not growth, and without a source that says what "
    "left there is no growth to tell.",
    estimate="change",
)


def known_share(warehouse: Warehouse, metric: Metric, unknown: Metric, **story) -> Measured:
    """A share of devices beside those of which `unknown` says that it is not known.

    The columns of `measure` and unknown, a number of devices: the share may be as high as (numerator +
    unknown) / denominator, and an interval reaches there. Null where nothing is known of any device: 0 would
    be a claim. Not recorded when no period is known.
    """
    share = measure(warehouse, metric, **story)
    if share.not_recorded:
        return share
    not_known = measure(warehouse, unknown, **story).rows
    rows = share.rows.join(not_known.select("period", unknown="numerator", nothing=pl.col("value") == 1), on="period")
    amounts = ("numerator", "denominator", "value")
    rows = rows.with_columns(pl.when(~pl.col("nothing")).then(c).alias(c) for c in amounts).drop("nothing")
    if not rows["value"].count():
        return share.with_rows(rows.clear(), not_recorded=phrase("no device of which it is known in this warehouse"))
    label = in_words(unknown).label
    told = {"label": label, "small": label.lower()}
    note = phrase("The upper limit counts devices of which it is not known ({small}).", **told)
    return share.with_rows(rows, notes=(*share.notes, note))


def stock_flow(warehouse: Warehouse, **story) -> Measured:
    """How the estate grew, month by month: opening + arrived + newly visible - left = closing.

    One row per month: metric, period, opening, arrived, newly_visible, left, closing, all devices.
    Null where the data does not cover the month; left is null where no source ever says that a device left.
    """
    closing = measure(warehouse, active_devices, **story)
    columns = ("opening", "arrived", "newly_visible", "left", "closing")
    if closing.not_recorded:
        empty = {"metric": pl.String, "period": pl.Date} | dict.fromkeys(columns, pl.Float64)
        return closing.with_rows(pl.DataFrame(schema=empty))
    rows = closing.rows.select("metric", "period", closing="numerator")
    for name, metric in (("arrived", arrivals), ("newly_visible", newly_visible), ("left", departures)):
        moved = measure(warehouse, metric, **story).rows.select("period", pl.col("numerator").alias(name))
        rows = rows.join(moved, on="period")
    if not warehouse.read(warehouse.table("devices").departures_known.any().as_table()).item():
        rows = rows.with_columns(left=pl.lit(None, pl.Float64))
    gone = pl.col("left").fill_null(0)
    rows = rows.with_columns(opening=pl.col("closing") - pl.col("arrived") - pl.col("newly_visible") + gone)
    return closing.with_rows(rows.select("metric", "period", *columns))


def growth(warehouse: Warehouse, **story) -> Measured:
    """Net growth of the estate in the last 12 months: (arrived - left) / opening stock.

    One row for the last month: metric, period, numerator (arrived - left), denominator (opening), value,
    arrived, left, newly_visible. What a tool saw when it was switched on is no growth. value is null when the
    data does not cover 12 months, nothing stood at their beginning, or no source says what left (left is null).
    """
    flow = stock_flow(warehouse, **(story | {"months": 12}))
    columns = dict.fromkeys(("numerator", "denominator", "value", "arrived", "left", "newly_visible"), pl.Float64)
    schema = {"metric": pl.String, "period": pl.Date} | columns
    flow = flow.with_rows(flow.rows, metric=net_growth)
    if flow.not_recorded:
        return flow.with_rows(pl.DataFrame(schema=schema))
    known = flow.rows.drop_nulls("closing").height == 12
    moves = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)
             for name in ("arrived", "left", "newly_visible")]  # fmt: skip
    sums = flow.rows.select(moves).row(0, named=True)
    opening = flow.rows["opening"][0]
    net = None if None in (sums["arrived"], sums["left"]) else sums["arrived"] - sums["left"]
    row = {"metric": net_growth.name, "period": flow.last_month, "numerator": net, "denominator": opening, **sums}
    row["value"] = net / opening if known and opening and net is not None else None
    return flow.with_rows(pl.DataFrame([row], schema=schema))


def support_cliff(warehouse: Warehouse, *, ahead: tuple[int, ...] = (0, 12, 24), **story) -> Measured:
    """What the estate of the last month will be if nothing is replaced: supported, past support, unknown.

    One row per moment (`period`: the last month, and each of `ahead` months later) and band. Devices and
    dates are those known today; nothing here is a forecast.
    """
    now = measure(warehouse, active_devices, **(story | {"months": 1}))
    amounts = {"numerator": pl.Float64, "denominator": pl.Float64}
    schema = {"metric": pl.String, "period": pl.Date, "band": pl.String} | amounts
    if now.not_recorded:
        return now.with_rows(pl.DataFrame(schema=schema | {"value": pl.Float64}))
    last: date = now.last_month
    t = warehouse.table("devices")
    t = t.filter(t.in_service_from < after(last), t.in_service_to.isnull() | (t.in_service_to >= after(last)))
    estate = warehouse.read(of_scope(t, now.place).select("support_known", "support_ends_on"))
    rows = []
    for months in ahead:
        day = after(last, months + 1)
        past = estate.filter(pl.col("support_ends_on") < day).height
        unknown = estate.filter(~pl.col("support_known")).height
        counts = dict(zip(SUPPORT_BANDS, (estate.height - past - unknown, past, unknown), strict=True))
        period, all_devices = after(last, months), float(estate.height)
        rows += [(past_support_share.name, period, band, float(n), all_devices) for band, n in counts.items()]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return now.with_rows(
        frame.with_columns(value=pl.col("numerator") / pl.col("denominator")), by=("band",), metric=past_support_share
    )


def undecided(warehouse: Warehouse, **story) -> Measured:
    """Pairs of device records of which it could not be decided whether they are one device, by what stands against it.

    One row per reason, the commonest first, and a last one for all: metric, reason, value (pairs), records (in such a
    pair), of (all records). They are those of the newest exports, and of no month. Of a part of the stores are the
    records of its devices. Where many records share what tells nothing, the first and the last stand for them.
    """
    facts = measure(warehouse, active_devices, **(story | {"months": 1}))
    schema = {"metric": pl.String, "reason": pl.String, "value": pl.Float64}
    schema |= {"records": pl.Int64, "of": pl.Int64}
    found = Measured(
        rows=pl.DataFrame(schema=schema), metric=undecided_pairs, by=("reason",), scope=facts.scope, place=facts.place,
        known_by=facts.known_by, as_known=facts.as_known, snapshot=facts.snapshot, tables=("device_doubts",),
        not_recorded=facts.not_recorded,
    )  # fmt: skip
    if facts.not_recorded:
        return found
    records = _records(warehouse, facts.place)
    if records.is_empty():
        missing = phrase("no devices of {place} in this warehouse", place=facts.place)
        return found.with_rows(found.rows, not_recorded=missing)
    doubts = warehouse.table("device_doubts")
    doubts = warehouse.read(doubts.filter(doubts.record < doubts.other).select("record", "other", reason="why"))
    doubts = doubts.with_columns(pl.col("reason").str.replace(r"\d+ (records|stores)", "many $1"))
    sides = doubts.with_row_index("pair").unpivot(["record", "other"], index=["pair", "reason"], value_name="side")
    sides = sides.join(records, left_on="side", right_on="record", how="semi")
    counts = {"value": pl.col("pair").n_unique(), "records": pl.col("side").n_unique()}
    by_reason = sides.group_by("reason").agg(**counts).sort("value", "reason", descending=[True, False])
    rows = pl.concat([by_reason, sides.select(reason=pl.lit(message("all reasons")), **counts)])
    rows = rows.with_columns(metric=pl.lit(undecided_pairs.name), of=pl.lit(records.height))
    return found.with_rows(rows.select(*schema).cast(schema), notes=(phrase(TO_DECIDE),) if sides.height else ())


def _records(warehouse: Warehouse, place: Scope) -> pl.DataFrame:
    """The device records of a scope: record."""
    t = warehouse.table("device_records").join(warehouse.table("device_links"), ["source", "source_id"])
    return warehouse.read(t.semi_join(of_scope(warehouse.table("devices"), place), "device_id").select("record"))
