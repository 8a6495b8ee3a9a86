"""What was known when: corrections, re-issues, removals and late exports, and reports as they were known on a day."""

import random
import shutil
from dataclasses import replace
from datetime import date
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

import duckdb
import polars as pl
import pytest
from bs4 import BeautifulSoup
from hypothesis import given as examples
from hypothesis import strategies as st
from pytest import MonkeyPatch

from retail_analytics import measure, warehouse
from retail_analytics.errors import ParameterError, SourceError
from retail_analytics.measure import Duration, Metric, durations
from retail_analytics.metrics import every_metric
from retail_analytics.publishing import shelf
from retail_analytics.publishing.run import publish
from retail_analytics.sample import write
from retail_analytics.sources import plan
from retail_analytics.sources.plan import read_plan, source_file
from retail_analytics.warehouse import TABLES, list_snapshots, load, open_warehouse

MARCH, APRIL, JUNE = date(2026, 3, 31), date(2026, 4, 30), date(2026, 6, 30)
WHOLE = [date(2026, 1, 1), date(2026, 6, 30)]
HISTORY = "SELECT incident_id, kind, file_on, known_until FROM history_incidents ORDER BY ALL"


def loaded(folder: Path, name: str, body: str, day: date, *, covers=None, table: str = "incidents", header: str = ""):
    """The account of one file, and the warehouse behind it. `body`: rows of incident_id,kind,occurred_on."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text((header or "incident_id,kind,occurred_on") + "\n" + body.replace(" ", "\n") + "\n")
    file = source_file(path, mapping="own", table=table, known_on=day, covers=covers)
    account = load(folder / "warehouse", [file], title="Toy")
    return next(f for f in account.files if f.file == name), open_warehouse(folder / "warehouse")


def kinds(shop) -> dict:
    return dict(shop.sql("SELECT incident_id, kind FROM incidents ORDER BY ALL").rows())


def test_a_newer_export_updates_by_key_and_what_was_known_before_stays_known(tmp_path):
    loaded(tmp_path, "a.csv", "I1,theft,2026-01-05 I2,theft,2026-01-06", MARCH)
    account, shop = loaded(tmp_path, "b.csv", "I1,fraud,2026-01-05 I2,theft,2026-01-06 I3,theft,2026-01-07", JUNE)
    assert (account.new, account.updated, account.confirmed, account.overruled) == (1, 1, 1, 0)
    assert kinds(shop) == {"I1": "fraud", "I2": "theft", "I3": "theft"}
    assert kinds(shop.as_known(JUNE)) == kinds(shop)
    assert kinds(shop.as_known(APRIL)) == kinds(shop.as_known(MARCH)) == {"I1": "theft", "I2": "theft"}
    assert shop.sql(HISTORY).rows() == [
        ("I1", "fraud", JUNE, None), ("I1", "theft", MARCH, JUNE), ("I2", "theft", MARCH, None), ("I3", "theft", JUNE, None),
    ]  # fmt: skip


def test_days_before_the_first_export_are_known_from_the_rows_themselves(tmp_path):
    header = "incident_id,kind,occurred_on,entered_on"
    rows = "I1,theft,2026-01-05,2026-01-06 I2,theft,2026-01-05,2026-02-20"
    _, shop = loaded(tmp_path, "a.csv", rows, MARCH, header=header, covers=WHOLE[:1] + [MARCH])
    assert kinds(shop.as_known("2026-01-31")) == {"I1": "theft"}
    assert shop.as_known("2026-01-31").coverage["incidents"]["covered_to"] == date(2026, 1, 31)
    assert shop.as_known("2025-12-31").coverage.keys() == set()


def test_a_full_export_withdraws_what_it_no_longer_has_and_a_file_of_some_days_does_not(tmp_path):
    loaded(tmp_path, "a.csv", "I1,theft,2026-01-05 I2,theft,2026-02-05 I3,theft,2026-03-05", MARCH)
    account, shop = loaded(tmp_path, "a.csv", "I1,theft,2026-01-05", APRIL)
    assert (account.withdrawn, len(kinds(shop))) == (0, 3)
    february = [date(2026, 2, 1), date(2026, 2, 28)]
    account, shop = loaded(tmp_path, "a.csv", "I4,theft,2026-02-09", JUNE, covers=february)
    assert (account.new, account.withdrawn, account.closed) == (1, 1, 0)
    assert kinds(shop).keys() == {"I1", "I3", "I4"}
    assert kinds(shop.as_known(APRIL)).keys() == {"I1", "I2", "I3"}


def test_a_snapshot_counts_what_it_holds_and_not_how_often_it_was_said(tmp_path):
    with MonkeyPatch.context() as without:
        without.setattr(plan, "REFERENCES", {})
        loaded(tmp_path, "a.csv", "I1,theft,2026-01-05 I2,theft,2026-01-06", MARCH)
        loaded(tmp_path, "a.csv", "I2,fraud,2026-01-06", JUNE)
    assert [(found["files"], found["rows"]) for found in list_snapshots(tmp_path / "warehouse")] == [(1, 2), (1, 2)]


def test_what_another_file_said_is_not_withdrawn(tmp_path):
    loaded(tmp_path, "b.csv", "I1,theft,2026-01-05", MARCH)
    loaded(tmp_path, "a.csv", "I2,theft,2026-01-05", MARCH)
    account, shop = loaded(tmp_path, "a.csv", "I3,theft,2026-01-05", JUNE, covers=WHOLE)
    assert (account.withdrawn, kinds(shop).keys()) == (1, {"I1", "I3"})


def test_a_device_that_a_full_export_no_longer_lists_is_closed_and_not_deleted(tmp_path):
    def cmdb(body, day, covers=None):
        return loaded(tmp_path, "cmdb.csv", body, day, covers=covers, table="devices",
                      header="source,source_id,observed_on,installed_on,removed_on")  # fmt: skip

    cmdb("cmdb,A,2026-03-31,2026-01-01, cmdb,B,2026-03-31,2026-01-01, cmdb,C,2026-03-31,2026-01-01,2026-02-01", MARCH)
    account, shop = cmdb("cmdb,A,2026-04-30,2026-01-01,", APRIL, WHOLE)
    assert (account.updated, account.closed, account.withdrawn) == (1, 1, 0)
    spans = "SELECT device_id, in_service_from, in_service_to FROM devices ORDER BY ALL"
    first = date(2026, 1, 1)
    closed = [("cmdb:A", first, None), ("cmdb:B", first, APRIL), ("cmdb:C", first, date(2026, 2, 1))]
    assert shop.sql(spans).rows() == closed
    assert shop.as_known(MARCH).sql(spans).rows()[1] == ("cmdb:B", first, None)
    # Listed again, it is there again.
    account, shop = cmdb("cmdb,A,2026-06-30,2026-01-01, cmdb,B,2026-06-30,2026-01-01,", JUNE, WHOLE)
    assert account.closed == 0 and shop.sql(spans).rows()[1] == ("cmdb:B", first, None)
    assert shop.as_known(APRIL).sql(spans).rows() == closed


def test_a_device_that_another_system_still_sees_is_not_gone_when_a_register_closes_it(tmp_path):
    header = "source,source_id,observed_on,installed_on,asset_tag,last_seen_on"
    listed = "cmdb,A,{0},2026-01-01,T1, cmdb,B,{0},2026-01-01,T2,"
    loaded(tmp_path, "cmdb.csv", listed.format("2026-03-31"), MARCH, table="devices", header=header)
    seen = "scan,a,2026-06-30,,T1,2026-06-29 scan,b,2026-06-30,,T2,2026-04-02"
    loaded(tmp_path, "scan.csv", seen, JUNE, table="devices", header=header)
    account, shop = loaded(tmp_path, "cmdb.csv", "cmdb,C,2026-06-30,2026-01-01,T3,", JUNE, covers=WHOLE, table="devices", header=header)
    assert account.closed == 2
    gone = "SELECT min(source_id), min(in_service_to) FROM device_links INNER JOIN devices USING (device_id) GROUP BY device_id ORDER BY ALL"
    assert shop.sql(gone).rows() == [("A", JUNE), ("B", JUNE), ("C", None)]
    _, shop = loaded(tmp_path, "scan.csv", "scan,a,2026-07-10,,T1,2026-07-09", date(2026, 7, 10), table="devices", header=header)
    assert shop.sql(gone).rows() == [("A", None), ("B", JUNE), ("C", None)]


@pytest.mark.parametrize(
    ("seen", "newest", "gone"),
    [("2026-03-31", "2026-06-29", None), ("2026-03-31", "2026-06-30", date(2026, 4, 1)), ("", "2026-06-30", date(2026, 4, 1))],
)
def test_a_device_that_newer_exports_leave_out_for_90_days_is_gone_since_it_was_last_seen_or_listed(tmp_path, seen, newest, gone):
    header = "source,source_id,observed_on,installed_on,last_seen_on"
    loaded(tmp_path, "a.csv", f"x,A,2026-03-31,2026-01-01,{seen}", MARCH, table="devices", header=header)
    other = f"x,B,{newest},2026-01-01,{newest if seen else ''}"
    _, shop = loaded(tmp_path, "b.csv", other, JUNE, table="devices", header=header)
    assert shop.sql("SELECT in_service_to FROM devices WHERE device_id = 'x:A'").item() == gone


def test_an_export_read_again_takes_back_what_it_no_longer_says_and_gives_the_word_back_to_the_one_before(tmp_path):
    loaded(tmp_path, "a.csv", "I1,theft,2026-01-05", MARCH)
    loaded(tmp_path, "b.csv", "I1,fraud,2026-01-05 I2,theft,2026-01-06", JUNE)
    account, shop = loaded(tmp_path, "b.csv", "I2,theft,2026-01-06", JUNE)
    assert (account.confirmed, account.withdrawn) == (1, 1)
    assert shop.sql(HISTORY).rows() == [("I1", "theft", MARCH, None), ("I2", "theft", JUNE, None)]
    assert kinds(shop) == {"I1": "theft", "I2": "theft"}


def test_an_export_read_again_without_saying_that_it_is_full_takes_its_withdrawals_back(tmp_path):
    loaded(tmp_path, "a.csv", "I1,theft,2026-01-05 I2,theft,2026-01-06", MARCH)
    _, shop = loaded(tmp_path, "a.csv", "I2,theft,2026-01-06", JUNE, covers=WHOLE)
    assert kinds(shop).keys() == {"I2"}
    _, shop = loaded(tmp_path, "a.csv", "I2,theft,2026-01-06", JUNE)
    assert kinds(shop).keys() == {"I1", "I2"}


def test_the_corrected_day_of_an_export_replaces_the_wrong_one(tmp_path):
    loaded(tmp_path, "a.csv", "I1,theft,2026-01-05", JUNE, covers=WHOLE)
    for _ in range(2):
        _, shop = loaded(tmp_path, "a.csv", "I1,theft,2026-01-05", MARCH, covers=[WHOLE[0], MARCH])
        assert shop.sql(HISTORY).rows() == [("I1", "theft", MARCH, None)]
    # It was not said in June: an export of April that lacks it withdraws it.
    account, _ = loaded(tmp_path, "a.csv", "I2,theft,2026-01-06", APRIL, covers=[WHOLE[0], APRIL])
    assert (account.new, account.withdrawn) == (1, 1)


DAYS = [date(2026, month, 1) for month in range(2, 8)]


@examples(seed=st.integers(0, 1 << 32), full=st.booleans(), way=st.sampled_from(["in order", "out of order", "any"]))
def test_the_history_is_that_of_the_exports_days_whenever_they_are_loaded(tmp_path_factory, seed, full, way):
    """One name, whose exports may hold their days in full, or two names. In order: the newest may be read twice.

    Out of order only few: how often a word was said between its first and its newest day is not kept.
    """
    chance = random.Random(seed)
    days = chance.sample(DAYS, chance.randrange(1, 7 if way != "out of order" else 3 if full else 4))
    exports = {(day, chance.choice("a" if full else "ab")): rows_of(chance, full) for day in days}
    loads = list(exports.items())
    if way == "in order":
        loads = [load for one in sorted(loads) for load in chance.choice([[one], [(one[0], rows_of(chance, full)), one]])]
    if way == "any":
        loads += [(chance.choice(list(exports)), rows_of(chance, full)) for _ in range(3)]
    folder = tmp_path_factory.mktemp("history")
    with MonkeyPatch.context() as without:
        without.setattr(plan, "REFERENCES", {})
        without.setattr(warehouse.building, "TABLES", ())
        for (day, name), (rows, whole) in loads:
            body = " ".join(f"{key},{kind},2026-01-05" for key, kind in rows.items())
            account, shop = loaded(folder, f"{name}.csv", body, day, covers=WHOLE if whole else None)
            if account.outcome == "loaded":
                became = account.new + account.updated + account.confirmed + account.overruled
                assert became == account.kept == len(rows)
    found = shop.sql(HISTORY).rows()
    by_day = sorted(found, key=itemgetter(0, 2))
    assert all(end is None or begin < end for *_, begin, end in found)
    assert all(key != next_key or end <= begin for (key, *_, end), (next_key, _, begin, _) in pairwise(by_day))
    if way != "any":
        assert found == sorted(replayed(exports), key=lambda row: (*row[:3], row[3] or date.max))


def rows_of(chance: random.Random, full: bool) -> tuple[dict, bool]:
    """What an export says of some of three incidents, and whether it holds its days in full."""
    return {key: chance.choice(["theft", "fraud"]) for key in "XYZ" if chance.random() < 0.6}, full and chance.random() < 0.7


def replayed(exports: dict) -> list[tuple]:
    """The words that the exports say, told day by day: key, kind, from, until."""
    words: dict[str, list[list]] = {}
    for (day, _), (rows, whole) in sorted(exports.items(), key=itemgetter(0)):
        for key, kind in rows.items():
            told = words.setdefault(key, [])
            if not (told and told[-1][1] is None and told[-1][2] == kind):
                if told and told[-1][1] is None:
                    told[-1][1] = day
                told.append([day, None, kind])
        for key, told in words.items() if whole else ():
            if key not in rows and told and told[-1][1] is None:
                told[-1][1] = day
    return [(key, kind, begin, end) for key, told in words.items() for begin, end, kind in told]


CASES = "incident_id,kind,occurred_on,loss"
CORRECTIONS = "file_name,key,column,expect,value,reason,corrected_on"


def corrected(folder: Path, row: str, day: date = APRIL):
    return loaded(folder, "corrections.csv", row, day, table="corrections", header=CORRECTIONS)


def losses(shop) -> dict:
    return dict(shop.sql("SELECT incident_id, loss FROM raw_incidents ORDER BY ALL").rows())


def test_a_wrong_value_is_corrected_whenever_its_file_is_loaded_and_was_known_as_it_was_until_then(tmp_path):
    def cases(body, day):
        return loaded(tmp_path, "cases.csv", body, day, header=CASES)

    cases("I1,theft,2026-01-05,990 I2,theft,2026-01-06,50", MARCH)
    corrected(tmp_path, "cases.csv,I1,loss,990,99,typed_wrongly,2026-04-10")
    account, shop = cases("I1,theft,2026-01-05,990 I2,theft,2026-01-06,50", MARCH)
    assert (account.outcome, account.corrected, account.kept) == ("loaded", 1, 2)
    assert losses(shop) == {"I1": 99, "I2": 50}
    assert losses(shop.as_known("2026-04-09")) == {"I1": 990, "I2": 50}
    assert losses(shop.as_known("2026-04-10")) == {"I1": 99, "I2": 50}
    # The next export says it again: it is put right at once, and nothing has changed.
    account, shop = cases("I1,theft,2026-01-05,990 I2,theft,2026-01-06,60", JUNE)
    assert (account.corrected, account.updated, account.confirmed) == (1, 1, 1)
    assert losses(shop) == {"I1": 99, "I2": 60} and losses(shop.as_known(MARCH)) == {"I1": 990, "I2": 50}


def test_a_correction_that_is_taken_out_counts_no_longer(tmp_path):
    for row, loss in (("cases.csv,I1,loss,990,99,typo,2026-04-10", 99), ("cases.csv,I2,loss,50,,typo,2026-04-10", 990)):
        loaded(tmp_path, "cases.csv", "I1,theft,2026-01-05,990 I2,theft,2026-01-06,50", MARCH, header=CASES)
        corrected(tmp_path, row)
        _, shop = loaded(tmp_path, "cases.csv", "I1,theft,2026-01-05,990 I2,theft,2026-01-06,50", MARCH, header=CASES)
        assert losses(shop)["I1"] == loss and losses(shop.as_known(MARCH)) == {"I1": 990, "I2": 50}
    assert losses(shop) == {"I1": 990, "I2": None}


def test_a_row_that_was_corrected_is_withdrawn_like_any_other(tmp_path):
    def cases(body, day, covers=None):
        return loaded(tmp_path, "cases.csv", body, day, header=CASES, covers=covers)

    for _ in range(2):
        cases("I1,theft,2026-01-05,990 I2,theft,2026-01-06,50", MARCH)
        corrected(tmp_path, "cases.csv,I1,loss,990,99,typo,2026-04-10")
    corrected(tmp_path, "cases.csv,I2,loss,50,,typo,2026-04-12", JUNE)  # another list: I1's is taken out
    account, shop = cases("I2,theft,2026-01-06,50", JUNE, WHOLE)
    assert (account.withdrawn, losses(shop)) == (1, {"I2": None})


def test_a_value_that_would_have_been_refused_is_kept_when_it_is_corrected(tmp_path):
    loaded(tmp_path, "cases.csv", "I1,shopliftng,2026-01-05,9", MARCH, header=CASES)
    corrected(tmp_path, "cases.csv,I1,kind,shopliftng,theft,typo,2026-04-10")
    account, shop = loaded(tmp_path, "cases.csv", "I1,shopliftng,2026-01-05,9", MARCH, header=CASES)
    assert (account.kept, account.refused, account.corrected, kinds(shop)) == (1, 0, 1, {"I1": "theft"})


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("cases.csv,I1,loss,98,99,typo,2026-04-10",
         "corrections.csv, row 2: loss of 'I1' is '990' in cases.csv, row 2, and '98' was expected. The file has changed: "
         "expect what it says now, or take the correction out."),
        ("cases.csv,I1,loss,,99,typo,2026-04-10", "is '990' in cases.csv, row 2, and empty was expected."),
        ("cases.csv,I7,loss,990,99,typo,2026-04-10",
         "corrections.csv, row 2: cases.csv has no row with the key 'I7'. Take the correction out."),
        ("cases.csv,I1,los,990,99,typo,2026-04-10", "row 2: 'los' is no column of incidents. Did you mean 'loss'?"),
        ("cases.csv,I1,incident_id,I1,I2,typo,2026-04-10", "row 2: 'incident_id' is part of its key, which stays."),
    ],
)  # fmt: skip
def test_a_correction_that_does_not_fit_its_file_is_one_sentence_and_nothing_is_loaded(tmp_path, row, sentence):
    loaded(tmp_path, "cases.csv", "I1,theft,2026-01-05,990", MARCH, header=CASES)
    _, before = corrected(tmp_path, row)
    with pytest.raises(SourceError) as error:
        loaded(tmp_path, "cases.csv", "I1,theft,2026-01-05,990", MARCH, header=CASES)
    assert sentence in str(error.value)
    assert open_warehouse(tmp_path / "warehouse").snapshot == before.snapshot


def test_files_that_are_loaded_with_their_corrections_are_corrected_at_once(tmp_path):
    (tmp_path / "stores.csv").write_text("store_id,region\n0001,Nroth\n")
    (tmp_path / "corrections.csv").write_text(f"{CORRECTIONS}\nstores.csv,0001,region,Nroth,North,typo,2026-04-10\n")
    files = [source_file(tmp_path / f"{name}.csv", mapping="own", known_on=JUNE) for name in ("stores", "corrections")]
    load(tmp_path / "warehouse", files)
    assert open_warehouse(tmp_path / "warehouse").regions == ["North"]


def test_a_correction_of_a_file_that_is_not_there_names_the_nearest(tmp_path):
    loaded(tmp_path, "cases.csv", "I1,theft,2026-01-05,990", MARCH, header=CASES)
    with pytest.raises(SourceError, match="row 2: no file 'case.csv' was ever loaded. Did you mean 'cases.csv'?"):
        corrected(tmp_path, "case.csv,I1,loss,990,99,typo,2026-04-10")


def edited(exports: Path, name: str, change) -> None:
    path = exports / f"{name}.csv"
    change(pl.read_csv(path, infer_schema=False)).write_csv(path)


def every(n: int) -> pl.Expr:
    return pl.int_range(pl.len()) % n == 0


@pytest.fixture(scope="module")
def march_and_june(tmp_path_factory):
    """A small Example Grocers as loaded on one day, and the same warehouse after newer exports of everything."""
    folder = tmp_path_factory.mktemp("seasons")
    exports = write(folder, stores=12, years=1, seed=5)
    load(folder / "warehouse", read_plan(exports)[1], title="Grocers")
    march = open_warehouse(folder / "warehouse")
    # Stores change region, devices leave the registers, cases go and come, visits and all else are told otherwise.
    moved, late = pl.when(every(6)).then(pl.lit("Harbour")), pl.when(every(9)).then(pl.lit("777"))
    edited(exports, "stores", lambda t: t.with_columns(moved.otherwise("region").alias("region")))
    edited(exports, "store_days", lambda t: t.with_columns(late.otherwise("visits").alias("visits")))
    edited(exports, "lp_cases", lambda t: pl.concat([t.filter(~every(11)), t.head(40).with_columns(pl.nth(0) + "-late")]))
    for name in ("servicenow_cmdb", "runzero_assets", "findings", "controls", "training", "uplinks", "cyber_incidents", "tolerances"):
        edited(exports, name, lambda t: t.filter(~every(6)))
    plan_file = exports / "load.yaml"
    plan_file.write_text(plan_file.read_text().replace("known_on: 2026-11-15", "known_on: 2026-11-20"))
    load(folder / "warehouse", read_plan(exports)[1], title="Grocers")
    return march, open_warehouse(folder / "warehouse")


@pytest.mark.parametrize("by", [(), ("region",)], ids=["whole", "by region"])
def test_every_metric_as_known_in_march_is_in_june_what_it_was_in_march(march_and_june, by):
    march, june = march_and_june
    known, differ = june.as_known("2026-11-15"), set()
    assert known.coverage == march.coverage and known.regions == march.regions
    for metric in every_metric().values():
        if isinstance(metric, Metric) and metric.numerator is None:
            continue
        measured = durations if isinstance(metric, Duration) else measure
        then, again, now = (measured(shop, metric, last_month="2026-10", by=by) for shop in (march, known, june))
        assert again.rows.equals(then.rows), metric.name
        facts = {"rows": None, "metric": None, "known_by": None, "script": str, "snapshot": ""}  # but for these
        assert replace(again, **facts) == replace(then, **facts) and again.metric.unit == then.metric.unit
        differ |= {metric.name} if not now.rows.equals(then.rows) else set()
    assert {"theft_rate", "recorded_thefts", "active_devices", "findings_open", "uplink_availability"} & differ


def test_a_report_of_march_is_published_again_in_june_with_the_numbers_of_march(march_and_june, tmp_path):
    march, june = march_and_june
    asked = {"last_month": "2026-10"}
    runs, said = [], []
    for shop, known in ((march, {}), (june, {"known_by": "2026-11-15"}), (june, {})):
        runs.append(publish("theft_trends", asked | known, warehouse=shop.path, reports_dir=tmp_path))
        said.append([text.replace(shop.snapshot, "") for text in read(tmp_path, runs[-1])])
    then, again, now = said
    assert again == then and now != then
    assert [run.page.split("/")[-1] for run in runs] == ["2026-10.html", "2026-10-known-2026-11-15.html", "2026-10.html"]
    index = BeautifulSoup(shelf.index(tmp_path).read_text(encoding="utf-8"), "html.parser").get_text(" ", strip=True)
    assert "as known on 15 Nov 2026" in index
    with pytest.raises(ParameterError, match="known_by is 2199-01-01, which lies in the future"):
        publish("theft_trends", {"known_by": "2199-01-01"}, warehouse=june.path, reports_dir=tmp_path)


def read(folder: Path, run) -> list[str]:
    """What a page says in its exhibits: all but where it comes from. Of what was known it says "as known"."""
    assert run.end == "published", run.reason
    page = BeautifulSoup((folder / run.page).read_text(encoding="utf-8"), "html.parser")
    return [part.get_text(" ", strip=True).replace("as known", "data to") for part in page.select("main section")[:-1]]


def test_after_a_load_every_table_is_as_if_all_were_built_from_nothing(march_and_june, tmp_path):
    _, june = march_and_june
    load(shutil.copytree(june.path.parent, tmp_path / "warehouse"), [])
    rows = "LATE1,0003,theft,2026-10-05,12 LATE2,0004,theft,2026-10-06,9"
    path = tmp_path / "late.csv"
    path.write_text("incident_id,store_id,kind,occurred_on,loss\n" + rows.replace(" ", "\n"))
    first = june.sql("SELECT incident_id, kind, store_id, loss_at_cost FROM incidents LIMIT 1").row(0)
    path.open("a").write(f"\n{first[0]},{first[2]},damage,2026-10-05,1\n")
    load(tmp_path / "warehouse", [source_file(path, mapping="own", table="incidents", known_on=date(2026, 11, 21))])
    after = open_warehouse(tmp_path / "warehouse")
    assert after.sql("SELECT kind FROM incidents WHERE incident_id = $$" + first[0] + "$$").item() == "damage"
    after.engine.disconnect()
    with duckdb.connect(str(after.path)) as con:
        kept = {name: con.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES}
        warehouse.building.build(con, set(), anew=True)
        for name, before in kept.items():
            assert con.execute(f"FROM {name} ORDER BY ALL").fetchall() == before, name
