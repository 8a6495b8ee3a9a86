"""The exports of the network scanner and of the register, each with its own headings and words."""

import numpy as np
import polars as pl

from retail_analytics.sample.devices import network_cards
from retail_analytics.sample.observation import Recorded
from retail_analytics.sample.retailer import LAST_DAY, NEVER

SCANNER_TYPES = {
    "till": "Point of Sale", "payment_terminal": "Payment Terminal", "self_checkout": "Self-Checkout",
    "kiosk": "Kiosk", "camera": "IP Camera", "handheld": "Mobile", "scale": "Scale", "sensor": "IoT Sensor",
    "access_point": "WAP", "label_gateway": "IoT Gateway", "gate": "Access Control",
    "signage": "Media Player", "printer": "Printer", "server": "Server", "workstation": "Desktop", "unmanaged": "",
}  # fmt: skip
REGISTER_CLASSES = {
    "till": "POS Terminal", "payment_terminal": "Payment Terminal", "self_checkout": "Self-Checkout Station",
    "kiosk": "Kiosk", "camera": "IP Camera", "handheld": "Handheld Computing", "scale": "Scale",
    "sensor": "IoT Sensor", "access_point": "Wireless Access Point", "label_gateway": "Shelf Label Gateway",
    "gate": "Exit Gate", "signage": "Digital Sign", "printer": "Printer", "server": "Server",
    "workstation": "Computer",
}  # fmt: skip
HOSTILE_HOSTNAME = '=HYPERLINK("http://example.invalid","x")'
DOCUMENTATION_RANGES = ("192.0.2.", "198.51.100.", "203.0.113.")  # every store uses the same addresses


def runzero(recorded: Recorded) -> pl.DataFrame:
    """One row per asset: lists in one field, times as seconds since 1970, unknown is blank."""
    rows = recorded.runzero
    known = pl.col("knows_hw") & (pl.col("vendor") != "")
    kept = (pl.col("in_store") * 7 + pl.col("device") % 11) % 250 + 2
    second = network_cards(rows["device"].to_numpy(), 2)
    network = pl.Series(np.array(DOCUMENTATION_RANGES)[rows["device"].to_numpy() % 3])
    return rows.select(
        id="source_id",
        names=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(HOSTILE_HOSTNAME)).otherwise("hostname"),
        macs=pl.when("two_macs").then(pl.col("mac") + " " + pl.Series(second)).otherwise("mac"),
        addresses=network + kept.cast(pl.String),
        type=pl.when("knows_type").then(pl.col("device_class").replace_strict(SCANNER_TYPES)).otherwise(pl.lit("")),
        os=pl.when("knows_os").then("os").otherwise(pl.lit("")),
        os_version=pl.when("knows_os").then("os_version").otherwise(pl.lit("")),
        hw=pl.when(known).then(pl.col("vendor") + " " + pl.col("model")).otherwise(pl.lit("")),
        newest_mac_vendor=pl.col("vendor"),
        first_seen=pl.col("first") * 86_400 + pl.col("second_of_day"),
        last_seen=pl.col("last") * 86_400 + pl.col("second_of_day"),
        site_name=pl.col("store_id"),
        tags=pl.when("shows_tag").then("asset_tag=" + pl.col("asset_tag")).otherwise(pl.lit("")),
        attributes=pl.when(pl.col("shows_serial") & (pl.col("vendor") != ""))
        .then("snmp.serialNumber=" + pl.col("serial"))
        .otherwise(pl.lit("")),
        detected_by=pl.lit("arp"),
        alive=pl.when(pl.col("last") >= LAST_DAY - 14).then(pl.lit("true")).otherwise(pl.lit("false")),
    )


def servicenow(recorded: Recorded) -> pl.DataFrame:
    """One row per configuration item: codes, moments as text, fields of the retailer's own (u_…)."""
    rows = recorded.cmdb
    capable, connected = pl.col("agent_capable"), pl.col("status").is_in([1, 2, 4, 6, 7, 8])
    vendor = pl.when("knows_model").then("vendor").otherwise(pl.lit(""))
    mac = pl.col("mac").str.to_uppercase()
    identified = pl.col("shows_mac") | pl.col("shows_tag")  # a record without any identifier cannot be entered
    return rows.select(
        sys_id="source_id",
        name=pl.when("renamed").then(pl.col("asset_tag") + "-OLD").otherwise("hostname"),
        serial_number=pl.when(pl.col("shows_serial") | ~identified).then("serial").otherwise(pl.lit("")),
        asset_tag=pl.when("shows_tag").then("asset_tag").otherwise(pl.lit("")),
        mac_address=pl.when("shows_mac")
        .then(pl.when("dashed").then(mac.str.replace_all(":", "-")).otherwise(mac))
        .otherwise(pl.lit("")),
        manufacturer=vendor,
        model_id=pl.when("knows_model").then("model").otherwise(pl.lit("")),
        sys_class_name=pl.when("knows_class")
        .then(pl.col("device_class").replace_strict(REGISTER_CLASSES))
        .otherwise(pl.lit("")),
        os=pl.when("knows_os").then("os").otherwise(pl.lit("")),
        os_version=pl.when("knows_os").then("os_version_bought").otherwise(pl.lit("")),
        location=pl.when(pl.col("status") == 100).then(pl.lit("")).otherwise("recorded_store"),
        install_status="status",
        install_date=pl.when(pl.col("no_install_day") & (pl.col("installed_on") < NEVER))
        .then(pl.lit("1970-01-01 00:00:00"))
        .otherwise(_moment("installed_on")),
        retirement_date=_moment("retired_on").str.slice(0, 10),
        first_discovered=_moment("first", rows["second_of_day"]),
        last_discovered=_moment("last", rows["second_of_day"]),
        sys_updated_on=_moment("updated", rows["second_of_day"]),
        u_agent_capable=_yes(capable),
        u_agent_last_seen=_moment("agent_seen").str.slice(0, 10),
        u_isolated=pl.when(connected).then(_yes(pl.col("isolated"))).otherwise(pl.lit("")),
        u_monitored=pl.when(connected).then(_yes(pl.col("monitored"))).otherwise(pl.lit("")),
    )


def _yes(answer: pl.Expr) -> pl.Expr:
    words = pl.when(answer).then(pl.lit("true")).otherwise(pl.lit("false"))
    return pl.when("knows_protection").then(words).otherwise(pl.lit(""))


def _moment(column: str, second: pl.Series | None = None) -> pl.Expr:
    """YYYY-MM-DD HH:MM:SS of a day number; null for NEVER."""
    days = pl.when(pl.col(column) < NEVER).then(pl.col(column))
    seconds = days * 86_400 + (0 if second is None else second)
    return pl.from_epoch(seconds, time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S")
