"""The fictional retailer: the same bytes every time, its truth apart from its exports, its dirt really there."""

import ast
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from retail_analytics import sample
from retail_analytics.metrics import iot
from retail_analytics.months import after
from retail_analytics.sample.retailer import DISCOVERY_STARTED
from retail_analytics.sources.plan import read_plan
from retail_analytics.warehouse import ONE_DAY, load, open_warehouse

FILES = (
    "annotations", "controls", "cyber_incidents", "findings", "lp_cases", "runzero_assets",
    "servicenow_cmdb", "store_days", "stores", "tolerances", "training", "uplinks",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten stores and two years, the exports beside the truth."""
    return sample.write(tmp_path_factory.mktemp("sample"), stores=10, years=2, seed=7).parent


def table(folder, name):
    return pl.read_csv(folder / f"{name}.csv", infer_schema=False).fill_null("")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(folder, tmp_path):
    again = contents(sample.write(tmp_path / "again", stores=10, years=2, seed=7))
    other = contents(sample.write(tmp_path / "other", stores=10, years=2, seed=8))
    assert again == contents(folder / "exports")
    unchanged = {name for name in again if again[name] == other[name]}
    assert unchanged == {"annotations.csv", "tolerances.csv", "load.yaml"}


def test_exports_and_truth_are_apart(folder):
    assert set(contents(folder / "exports")) == {f"{name}.csv" for name in FILES} | {"load.yaml"}
    latent = {"theft_level", "reporting", "theft_trend", "loss_cost", "event", "twice", "device"}
    for name in FILES:
        assert not latent & set(table(folder / "exports", name).columns)


@pytest.mark.parametrize(("stores", "years", "first_day"), [(6, 1, "2025-11-01"), (8, 4, "2022-11-01")])
def test_other_sizes_and_years_work(tmp_path, stores, years, first_day):
    exports = sample.write(tmp_path, stores=stores, years=years)
    days = table(exports, "store_days")
    assert len(table(exports, "stores")) == stores
    assert days["day"].min() == first_day
    assert days["day"].max() == "2026-11-14"


def test_too_small_a_retailer_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 6 stores"):
        sample.write(tmp_path, stores=5)


def test_the_default_retailer_has_the_promised_sizes(tmp_path):
    exports = sample.write(tmp_path)
    rows = {name: len(table(exports, name)) for name in FILES}
    assert rows["stores"] == 120
    assert 120_000 < rows["store_days"] < 120 * 1110
    assert 60_000 < rows["lp_cases"] < 90_000
    assert 9_000 < rows["runzero_assets"] < 13_000
    assert 5_000 < rows["findings"] < 7_000
    assert 5_000 < rows["training"] < 7_000
    assert rows["cyber_incidents"] >= 60
    assert sum(path.stat().st_size for path in exports.iterdir()) < 60_000_000


def test_cases_hold_late_blank_rounded_repeated_and_bad_rows(folder):
    cases = table(folder / "exports", "lp_cases")
    n = len(cases)
    stores = set(table(folder / "exports", "stores")["store_id"])
    unknown_store = ~cases["Store"].is_in(stores)
    no_such_day = cases["Incident Date"].str.starts_with("02/30")
    mistyped = cases["Incident Type"] == "Shopliftng"
    assert 0.002 < (unknown_store | no_such_day | mistyped).mean() < 0.004
    assert min(unknown_store.sum(), no_such_day.sum(), mistyped.sum()) > 0
    assert 0.001 < cases["Case Number"].is_duplicated().sum() / 2 / n < 0.01
    amounts = cases.filter(pl.col("Incident Type").is_in(["Shoplifting", "External Theft"]))["Amount Stolen"]
    assert 0.15 < (amounts == "").mean() < 0.35
    assert 0.03 < amounts.is_in(["$0.00", "0.00"]).mean() < 0.15
    assert amounts.str.contains(r"^\$\d{1,3},\d{3}\.\d\d$").any()
    assert 0.2 < amounts.str.ends_with("0.00").mean() < 0.6
    days = cases.filter(~no_such_day).select(
        lag=pl.col("Entered Date").str.to_date("%m/%d/%Y") - pl.col("Incident Date").str.to_date("%m/%d/%Y")
    )["lag"].dt.total_days()  # fmt: skip
    assert days.min() == 0
    assert days.max() > 90
    assert 0.55 < (days == 0).mean() < 0.8


def test_hostile_text_and_names_are_really_there(folder):
    exports = folder / "exports"
    assert "<img src=x onerror=alert(1)>" in table(exports, "stores")["store_name"]
    assert '=HYPERLINK("http://example.invalid","x")' in table(exports, "runzero_assets")["names"]
    assert (
        table(exports, "servicenow_cmdb")["manufacturer"].str.contains("<script>alert(1)</script>", literal=True).any()
    )
    notes = table(exports, "lp_cases")["Notes"]
    assert notes.str.len_bytes().max() == 10_240
    assert notes.str.contains("Dana Quill").any()


def test_a_store_with_nothing_recorded_and_one_with_very_much(folder):
    cases = table(folder / "exports", "lp_cases").filter(pl.col("Store") != "9999")
    number = dict(cases.group_by("Store").len().iter_rows())
    assert "0002" not in number
    assert max(number, key=number.get) == "0003"


def test_visits_are_empty_where_the_counter_was_down_and_never_zero(folder):
    visits = table(folder / "exports", "store_days")["visits"]
    assert 0 < (visits == "").sum() < 0.05 * len(visits)
    assert "0" not in visits


def test_the_two_inventories_overlap_but_neither_holds_the_other(folder):
    records = table(folder / "truth", "device_records").filter(pl.col("device") != "-1")
    seen, registered = (
        set(records.filter(pl.col("source") == source)["device"]) for source in ("runzero", "servicenow")
    )
    assert len(seen & registered) > 0.5 * len(seen)
    assert seen - registered
    assert registered - seen
    cmdb = table(folder / "exports", "servicenow_cmdb")
    assert {"1", "2", "5", "6", "100"} <= set(cmdb["install_status"])
    assert (cmdb.filter(pl.col("install_status") == "6")["retirement_date"] != "").mean() > 0.9


def test_first_seen_is_the_day_of_the_roll_out_where_discovery_started_late(folder):
    truth = table(folder / "truth", "devices").select("device", "region", "installed")
    records = table(folder / "truth", "device_records").filter(pl.col("source") == "runzero")
    assets = table(folder / "exports", "runzero_assets").join(records, left_on="id", right_on="source_id")
    first = pl.from_epoch(pl.col("first_seen").cast(pl.Int64)).dt.strftime("%Y-%m-%d")
    rows = assets.join(truth, on="device").with_columns(first=first).filter(pl.col("region") == "Midlands")
    assert rows["first"].min() >= "2025-02-03"
    assert rows["installed"].min() < "2024-11-01"


@pytest.fixture(scope="module", params=[1, 2, 3])
def estate(request, tmp_path_factory):
    """Forty stores and two years, loaded; beside it what is true of its devices and their records."""
    folder = tmp_path_factory.mktemp("estate")
    title, files = read_plan(sample.write(folder, stores=40, years=2, seed=request.param))
    load(folder / "warehouse", files, title=title)
    devices = pl.read_csv(folder / "truth" / "devices.csv", try_parse_dates=True, infer_schema_length=None)
    return open_warehouse(folder / "warehouse"), devices, table(folder / "truth", "device_records")


def pairs(records, *groups):
    """How many pairs of records are in one group."""
    number = records.group_by(groups).len()["len"]
    return (number * (number - 1) // 2).sum()


def true_growth(devices, before, after):
    def standing(day):
        return devices.filter(pl.col("installed") <= day, pl.col("removed").is_null() | (pl.col("removed") > day)).height

    return standing(after) / standing(before) - 1


def test_records_are_joined_to_devices_as_they_belong_together(estate):
    warehouse, _, records = estate
    in_stock = pl.col("device") == "-1"  # boxes that never stood anywhere, each one of its own
    records = records.with_columns(device=pl.when(in_stock).then("source_id").otherwise("device"))
    joined = warehouse.sql("SELECT source, source_id, device_id FROM device_links")
    joined = joined.join(records, on=["source", "source_id"], validate="1:1")
    assert len(joined) == len(records)
    both = pairs(joined, "device", "device_id")
    precision, recall = both / pairs(joined, "device_id"), both / pairs(joined, "device")
    assert precision >= 0.98 and recall >= 0.95, (precision, recall)


def test_systems_that_disagree_in_one_export_move_and_rename_nothing(estate):
    warehouse, *_ = estate
    spans = warehouse.sql("FROM device_spans SELECT device_id, store_id, hostname, os, to_on ORDER BY device_id")
    devices = warehouse.sql("FROM devices SELECT device_id, store_id, hostname, os, in_service_to ORDER BY device_id")
    assert spans.rows() == devices.rows()


def test_switching_a_discovery_tool_on_is_no_growth(estate):
    warehouse, devices, _ = estate
    late = {region: day for region, day in DISCOVERY_STARTED.items() if day.year > 2022}
    assert set(late) == {"Midlands", "Westvale"}
    for region, day in late.items():
        flow = iot.stock_flow(warehouse, last_month=f"{day:%Y-%m}", months=1, scope=region).rows.row(0, named=True)
        month = day.replace(day=1)
        there = devices.filter(pl.col("region") == region)
        assert flow["newly_visible"] > 10
        measured = (flow["arrived"] - flow["left"]) / flow["opening"]
        assert measured == pytest.approx(true_growth(there, month - ONE_DAY, after(month) - ONE_DAY), abs=0.03)


def test_growth_over_a_year_is_near_the_truth(estate):
    warehouse, devices, _ = estate
    measured = iot.growth(warehouse, last_month="2026-10").rows["value"].item()
    assert measured == pytest.approx(true_growth(devices, date(2025, 10, 31), date(2026, 10, 31)), abs=0.03)


def test_one_region_changed_and_no_other(folder):
    facts = dict(table(folder / "truth", "facts").iter_rows())
    assert (facts["change_region"], facts["change_on"]) == ("Harbour", "2025-12-08")
    roll_outs = {name.removeprefix("app_rollout ") for name in facts if name.startswith("app_rollout")}
    assert roll_outs == {"Lakeside", "Eastmoor"}
    told = table(folder / "exports", "annotations").filter(pl.col("text").str.contains("with an app"))
    assert set(told["scope"]) == roll_outs


def test_sample_imports_nothing_else_of_the_package():
    for path in Path(sample.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("retail_analytics") or name.startswith("retail_analytics.sample")
