"""The shipped public files, measured: checked against counts made from the raw files with nothing of ours."""

import csv
import gzip
from collections import Counter
from datetime import date

import duckdb
import polars as pl
import pytest

from retail_analytics import measure
from retail_analytics.measure import durations
from retail_analytics.metrics import iot, theft
from retail_analytics.sources.plan import SHIPPED, read_plan
from retail_analytics.statistics import rates
from retail_analytics.warehouse import load, open_warehouse
from retail_analytics.words import verdict

PUBLIC = SHIPPED.parent
STREET = PUBLIC / "uk_police" / "uk_police_retail_8forces_2021-03_2022-03.csv.gz"


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """The three public warehouses, by name."""
    folder = tmp_path_factory.mktemp("public")
    for name in ("uk_police", "london", "linknyc"):
        title, files = read_plan(PUBLIC / name)
        load(folder / name, files, title=title)
    return {name: open_warehouse(folder / name) for name in ("uk_police", "london", "linknyc")}


def test_all_121304_police_records_are_kept(public):
    account = {row["file"]: row for row in public["uk_police"].sql("SELECT * FROM account").to_dicts()}
    street = account[STREET.name]
    assert (street["read"], street["kept"], street["refused"]) == (121_304, 121_304, 0)


def test_shoplifting_equals_a_plain_count_of_the_raw_file_month_by_month(public):
    raw = duckdb.sql(
        f"""SELECT "Month", count(*) FROM read_csv('{STREET}', all_varchar = true, header = true, quote = '"')
            WHERE "Crime type" = 'Shoplifting' GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    measured = measure(public["uk_police"], theft.recorded_thefts, last_month="2022-03", months=13)
    assert [(f"{p:%Y-%m}", n) for p, n in measured.rows.select("period", "numerator").rows()] == raw
    assert len(raw) == 13 and sum(n for _, n in raw) == 59_916


def test_thames_valleys_five_missing_months_are_a_gap_and_not_zero(public):
    by_force = measure(public["uk_police"], theft.recorded_thefts, last_month="2022-03", months=13, by="region")
    of_thames = by_force.rows.filter(pl.col("region") == "Thames Valley Police")
    missing = of_thames.filter(pl.col("value").is_null())["period"].to_list()
    assert missing == [date(2021, m, 1) for m in range(6, 11)]
    assert (of_thames.drop_nulls("value")["value"] > 600).all()
    assert by_force.rows.filter(pl.col("region") != "Thames Valley Police")["value"].null_count() == 0


def test_a_police_record_without_an_outcome_is_open_and_not_dropped(public):
    measured = durations(public["uk_police"], theft.time_to_outcome, last_month="2022-03", months=13)
    outcomes = STREET.with_name("uk_police_retail_8forces_outcomes_2021-03_2022-03.csv.gz")
    with gzip.open(outcomes, "rt", encoding="utf-8") as file:
        references = {row["Crime ID"] for row in csv.DictReader(file)}
    with gzip.open(STREET, "rt", encoding="utf-8") as file:
        street = [row for row in csv.DictReader(file) if row["Crime type"] == "Shoplifting"]
    thefts = Counter(row["Crime ID"] in references for row in street)
    assert measured.rows["closed"].sum() == thefts[True]
    assert measured.rows.height == thefts.total()


def test_london_has_188_months_and_its_jump_of_2024_is_no_verdict(public):
    measured = measure(public["london"], theft.recorded_thefts, last_month="2025-11", months=188)
    by_year = dict(measured.rows.group_by(pl.col("period").dt.year()).agg(pl.col("value").sum()).rows())
    assert (by_year[2023], by_year[2024]) == (57_475, 86_583)
    assert measured.rows["value"].null_count() == 0
    notes = [note["text"] for note in measured.annotations if note["kind"] == "recording change"]
    assert len(notes) == 1 and "recording system" in notes[0]
    up_to_2024 = measure(public["london"], theft.recorded_thefts, last_month="2024-12", months=177)
    said = verdict(rates.year_on_year(up_to_2024))
    assert said.status == "cannot_tell" and "recording" in said.sentence and "rose" not in said.sentence


def test_kiosks_by_year_and_the_survivor_caveat(public):
    arrived = measure(public["linknyc"], iot.arrivals, last_month="2025-07", months=120)
    by_year = arrived.rows.group_by(pl.col("period").dt.year(), maintain_order=True).agg(pl.col("value").sum())
    assert by_year.filter(pl.col("period") >= 2016)["value"].to_list() == [513, 690, 535, 58, 51, 6, 146, 125, 71, 51]
    assert any("survivors" in note["text"] for note in arrived.annotations)
    assert public["linknyc"].coverage["devices"]["row_count"] == 2250


def test_what_public_data_do_not_hold_is_not_recorded(public):
    assert measure(public["uk_police"], theft.theft_rate, last_month="2022-03").not_recorded == (
        "no store days in this warehouse"
    )
    assert "no values for known loss" in measure(public["uk_police"], theft.known_loss, last_month="2022-03").not_recorded
    assert theft.thefts_by_hour(public["london"], last_month="2025-11").not_recorded == (
        "no hours of incidents in this warehouse"
    )
