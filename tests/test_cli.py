"""The command line as a person meets it: what goes wrong is one sentence with a next step, and nothing is lost."""

import csv
import json
from datetime import date, timedelta

import duckdb
import pytest
from click.testing import CliRunner

from retail_analytics.__main__ import main
from retail_analytics.measure import measure
from retail_analytics.metrics import iot, theft
from retail_analytics.publishing import record
from retail_analytics.warehouse import open_warehouse

INCIDENTS = "incident_id,kind,occurred_on,region\nI1,theft,2026-09-01,North\nI2,theft,2026-10-14,North\n"


def command(*words) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def refused(*words) -> str:
    """The one line in which a request that is wrong in itself is refused."""
    code, said = command(*words)
    *progress, last = said.splitlines()
    assert code == 2 and last.startswith("Error: ") and all(line.startswith("  ") for line in progress), said
    return last


@pytest.fixture
def shop(tmp_path):
    """A folder with incidents.csv, loaded into its folder `warehouse`."""
    (tmp_path / "incidents.csv").write_text(INCIDENTS)
    known = ["--known-on", "2026-10-15", "--warehouse", tmp_path / "warehouse"]
    assert command("load", tmp_path / "incidents.csv", *known)[0] == 0
    return tmp_path


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_shelf_that_cannot_be_written_is_one_sentence(retailer, tmp_path, place):
    (tmp_path / "file").write_text("a person's own")
    asked = ["--reports", tmp_path / place]
    said = refused("publish", "theft_trends", "--warehouse", retailer.path.parent, *asked)
    assert f"The reports folder {tmp_path / place} cannot be written" in said and "--reports" in said
    (tmp_path / "pack.yaml").write_text(f"warehouse: {retailer.path.parent}\nreports: [{{report: theft_trends}}]\n")
    assert "cannot be written" in refused("run", tmp_path / "pack.yaml", *asked)
    assert (tmp_path / "file").read_text() == "a person's own"


def test_a_refused_report_of_a_pack_is_recorded_and_the_index_says_why(retailer, tmp_path):
    (tmp_path / "pack.yaml").write_text(
        f"title: Toy\nwarehouse: {retailer.path.parent}\nreports:\n"
        "  - {report: iot_growth, parameters: {months: -1}}\n"
        "  - {report: theft_trends, parameters: {scope: Harbor, last_month: 2026-09}}\n"
        "  - {report: theft_trend}\n"
    )
    code, said = command("run", tmp_path / "pack.yaml", "--reports", tmp_path / "new" / "shelf")
    assert code == 1 and "3 refused" in said and "Unknown report 'theft_trend'" in said
    runs = {run["report"]: run for run in record.runs(tmp_path / "new" / "shelf")}
    assert {name: (run["end"], run["month"], run["scope"], run["page"]) for name, run in runs.items()} == {
        "iot_growth": ("refused", "2026-10", "all", None),
        "theft_trends": ("refused", "2026-09", "Harbor", None),
    }
    assert runs["iot_growth"]["reason"] == "months is -1, expected a whole number from 1 to 600."
    index = (tmp_path / "new" / "shelf" / "index.html").read_text()
    for run in runs.values():
        page = (tmp_path / "new" / "shelf" / run["failure_page"]).read_text()
        assert "Before the notebook was started" in page and run["failure_page"] in index
        assert run["reason"].split("'")[0] in page and run["reason"].split("'")[0] in index


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{report: theft_trends, parameters: [1]}", "theft_trends: parameters are like {months: 12}."),
        ("{report: theft_trends}]\nkeep: {monhts: 1}\nlimits: [1", "limits are like {attempts: 3}."),
        ("{report: theft_trends}]\nkeep: {monhts: [1]}\n#", "keep: unknown key 'monhts'. Did you mean 'months'?"),
        ("{report: theft_trends}]\nlimits: {seconds: [0]}\n#", "limits: seconds is [0], expected a number above 0."),
        ("{report: theft_trends}]\nkeep: {months: 1.5}\n#", "keep: months is 1.5, expected a whole number above 0."),
        ("{reprt: theft_trends}", "each line of 'reports' needs a 'report'"),
        ("{report: theft_trends, scope: North}", "unknown key 'scope'. Did you mean 'scopes'?"),
        ("{report: theft_trends, scopes: evry}", "theft_trends: scopes are 'every region', 'every format', 'every store', a list like"),
        ("{report: theft_trends, scopes: [North, 0012]}", "the scope 10 is no text. Write it in quotes, like \"0012\"."),
        ("{report: theft_trends, scopes: {query: 3}}", "theft_trends: scopes are 'every region'"),
        ("{report: theft_trends, scopes: {metric: thefts, by: store, at_least: 3}}", "theft_trends: scopes are 'every"),
        ("{report: theft_trends, scopes: [North], parameters: {scope: all}}", "has a parameter 'scope' and 'scopes' too."),
    ],
)
def test_a_pack_that_is_not_understood_is_one_sentence(tmp_path, entry, sentence):
    (tmp_path / "pack.yaml").write_text(f"warehouse: nowhere\nreports: [{entry}]\n")
    assert sentence in refused("run", tmp_path / "pack.yaml", "--reports", tmp_path / "shelf")
    assert not (tmp_path / "shelf").exists()


def test_a_pack_over_a_warehouse_that_lacks_the_table_is_recorded_too(given, tmp_path):
    folder = given(stores="store_id | region\n0001 | North").path.parent
    (tmp_path / "pack.yaml").write_text(f"warehouse: {folder}\nreports: [{{report: theft_trends}}]\n")
    assert command("run", tmp_path / "pack.yaml", "--reports", tmp_path / "shelf")[0] == 1
    (run,) = record.runs(tmp_path / "shelf")
    assert run["end"] == "refused" and "no incidents in this warehouse" in run["reason"]


def test_a_sample_goes_over_an_earlier_one_and_over_nothing_else(tmp_path):
    small = ["--stores", 6, "--years", 1]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("a person's own")
    assert "holds files of another origin" in refused("sample", tmp_path / "mine", *small)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert command("sample", tmp_path / "toy", *small)[0] == 0 == command("sample", tmp_path / "toy", *small)[0]
    (tmp_path / "toy" / "exports" / "load.yaml").write_text("title: Corner Shops\n")
    assert "holds files of another origin" in refused("sample", tmp_path / "toy", *small)


def test_what_is_asked_of_load_is_checked_first(tmp_path):
    folder = ["--warehouse", tmp_path / "warehouse"]
    assert f"There is no file {tmp_path / 'none.csv'}. Check" in refused("load", tmp_path / "none.csv", *folder)
    (tmp_path / "load.yaml").write_text("files: [{file: none.csv}]\n")
    assert f"There is no file {tmp_path / 'none.csv'}. Check" in refused("load", tmp_path, *folder)
    (tmp_path / "load.yaml").write_text("files: []\n")
    assert "expected 'files:' with one line for each" in refused("load", tmp_path, *folder)
    (tmp_path / "incidents.csv").write_text(INCIDENTS)
    tomorrow = date.today() + timedelta(days=1)
    said = refused("load", tmp_path / "incidents.csv", "--known-on", tomorrow, *folder)
    assert f"--known-on is {tomorrow}, which lies in the future" in said
    said = refused("load", tmp_path / "incidents.csv", "--covers", "2026-10-31", "2026-10-01", *folder)
    assert "covers must be two days, first and last" in said
    (tmp_path / "load.yaml").write_text("files: [{file: incidents.csv}]\n")
    said = refused("load", tmp_path, "--covers", "2026-10-01", "2026-10-31", *folder)
    assert "are for single files" in said
    assert "The name of a folder is empty" in refused("load", tmp_path / "incidents.csv", "--warehouse", "")
    assert not (tmp_path / "warehouse").exists()


def test_a_file_of_a_header_alone_loads_nothing_and_says_so(tmp_path):
    (tmp_path / "incidents.csv").write_text(INCIDENTS.splitlines()[0] + "\n")
    code, said = command("load", tmp_path / "incidents.csv", "--warehouse", tmp_path / "warehouse")
    (row,) = (line for line in said.splitlines() if line.startswith("incidents.csv"))
    assert code == 0 and row.endswith("no rows")


def test_progress_is_one_line_for_each_file(shop):
    (shop / "incidents.csv").write_text(INCIDENTS + "I3,thft,2026-10-01,North\n")
    result = CliRunner().invoke(main, ["load", str(shop / "incidents.csv"), "--warehouse", str(shop / "warehouse")])
    (line,) = (line for line in result.stderr.splitlines() if "incidents.csv" in line)
    assert line.strip() == "incidents.csv: 3 rows checked, 2 kept, 1 refused, 0 left out"


def test_the_newest_month_says_why_it_is_not_a_newer_one_until_the_files_are_said_to_hold_it(shop):
    asked = ["publish", "theft_trends", "--warehouse", shop / "warehouse", "--reports", shop / "shelf"]
    code, said = command(*asked)
    assert code == 0 and "2026-09: incidents end on 2026-10-14, so 2026-10 is not complete." in said
    assert "--covers FIRST LAST" in said
    code, said = command("load", shop / "incidents.csv", "--known-on", "2026-10-15", "--covers", "2026-09-01",
                         "2026-10-31", "--warehouse", shop / "warehouse")  # fmt: skip
    assert code == 0 and f"{open_warehouse(shop / 'warehouse').coverage['incidents']['covered_to']}" == "2026-10-31"
    code, said = command(*asked)
    assert code == 0 and "is not complete" not in said and "2026-10.html" in said


def test_an_agreed_value_that_nothing_is_judged_against_is_told_when_it_is_loaded(shop):
    (shop / "tolerances.csv").write_text(
        "metric,scope,limit,owner,agreed_on\ntheft_rat,all,5,COO,2026-01-15\ntheft_rate,Nort,5,COO,2026-01-15\n"
        "theft_rate,North,5,COO,2026-01-15\npast_support_share,all,10,CTO,2026-01-15\n"
        "known_exploited_clock,internet,3,CISO,2026-01-15\n"
    )
    code, said = command("load", shop / "tolerances.csv", "--warehouse", shop / "warehouse")
    assert code == 0 and [line for line in said.splitlines() if line.startswith("tolerances: ")] == [
        "tolerances: past_support_share: the limit 10 is above 1. Write a share from 0 to 1, like 0.95.",
        "tolerances: 'theft_rat' is no metric. Did you mean 'theft_rate'? All: retail-analytics list metrics.",
        "tolerances: theft_rate: 'Nort' is no scope of it. Did you mean 'North'? Known: North, all.",
    ]


def test_explain_knows_a_metric_by_its_id_and_needs_no_warehouse(retailer, tmp_path):
    by_name = command("explain", "theft_rate", "--warehouse", retailer.path.parent)
    by_id = command("explain", "b01", "--warehouse", retailer.path.parent)
    assert by_name[0] == by_id[0] == 0 and by_name[1] == by_id[1]
    code, said = command("explain", "B01", "--warehouse", tmp_path / "none")
    assert code == 0 and said.splitlines()[0] == "Recorded theft rate (B01)"
    assert said.splitlines()[-1].startswith("No query: There is no warehouse in")


@pytest.mark.parametrize("metric", [theft.theft_rate, iot.devices_per_store], ids=lambda metric: metric.name)
def test_the_query_that_explain_prints_runs_as_it_stands(metric, retailer):
    said = command("explain", metric.name, "--warehouse", retailer.path.parent)[1]
    queries = said.split(":\n\n", 1)[1].strip().removesuffix(";").split(";\n\n")
    with duckdb.connect(str(retailer.path), read_only=True) as con:
        found = [con.execute(query).fetchall() for query in queries]
    above, below = ({f"{period:%Y-%m-%d}": amount for period, amount in rows} for rows in found[-2:])
    measured = measure(retailer, metric, last_month="2026-10", months=12).rows
    assert measured.select("numerator", "denominator").rows() == [(above[f"{p}"], below[f"{p}"]) for p in measured["period"]]


BAD = INCIDENTS + "I9,=thft,2025-01-02,\n"


def test_too_many_refused_rows_hold_a_load_back_and_are_written_for_a_person(tmp_path):
    warehouse, out = tmp_path / "warehouse", tmp_path / "refused.csv"
    (tmp_path / "incidents.csv").write_text(INCIDENTS)
    assert command("load", tmp_path / "incidents.csv", "--strict", "--warehouse", warehouse)[0] == 0
    before = open_warehouse(warehouse).snapshot
    (tmp_path / "incidents.csv").write_text(BAD)
    rows = BAD.count("\n") - 1
    for option in (["--strict"], ["--max-refused", "1%"]):
        code, said = command("load", tmp_path / "incidents.csv", *option, "--refused", out, "--warehouse", warehouse)
        assert code == 1 and open_warehouse(warehouse).snapshot == before
        assert f"Not published. More rows are refused than may be, of incidents.csv (1 of {rows})." in said
        assert f"Snapshot {before} is still current." in said
    assert list(csv.DictReader(out.open()))[0]["text"] == "I9,=thft,2025-01-02,"
    code, said = command("load", tmp_path / "incidents.csv", "--max-refused", "50%", "--json", "--warehouse", warehouse)
    account = json.loads(said)
    found = account["files"][-1]
    assert code == 0 and account["published"] and open_warehouse(warehouse).snapshot == account["snapshot"]
    assert found["read"] == found["kept"] + found["refused"] + found["merged"] + found["left_out"] == rows
    assert "expected a share like 1%" in refused("load", tmp_path / "incidents.csv", "--max-refused", "1")


def test_refused_rows_that_look_like_formulas_are_neutral(tmp_path):
    (tmp_path / "incidents.csv").write_text("incident_id,kind,occurred_on\n=1+1,thft,2025-01-02\n")
    command("load", tmp_path / "incidents.csv", "--refused", tmp_path / "out.csv", "--warehouse", tmp_path / "warehouse")
    assert list(csv.DictReader((tmp_path / "out.csv").open()))[0]["text"] == "'=1+1,thft,2025-01-02"


def test_going_back_to_a_snapshot_and_on_from_it(tmp_path):
    warehouse = tmp_path / "warehouse"
    for number in (1, 2):
        (tmp_path / "incidents.csv").write_text(INCIDENTS + f"N{number},theft,2025-02-0{number},\n")
        command("load", tmp_path / "incidents.csv", "--known-on", f"2025-03-0{number}", "--warehouse", warehouse)
    listed = json.loads(command("list", "snapshots", "--warehouse", warehouse, "--json")[1])
    first, second = listed[1]["snapshot"], listed[0]["snapshot"]
    assert listed[0]["command"].startswith("retail-analytics") and listed[0]["current"] == "current"
    code, said = command("load", "--from", first, "--warehouse", warehouse)
    assert code == 0 and open_warehouse(warehouse).snapshot == first
    assert "Did you mean" in refused("load", "--from", first[:-1], "--warehouse", warehouse)
    (tmp_path / "incidents.csv").write_text("incident_id,kind,occurred_on\nN3,theft,2025-02-03\n")
    command("load", tmp_path / "incidents.csv", "--known-on", "2025-03-03", "--from", first, "--warehouse", warehouse)
    third = open_warehouse(warehouse)
    found = third.sql("SELECT incident_id FROM incidents WHERE incident_id LIKE 'N%' ORDER BY 1")["incident_id"].to_list()
    assert third.snapshot not in (first, second) and found == ["N1", "N3"]
    assert "Name the files to load" in command("load", "--warehouse", warehouse)[1]


def test_a_relative_warehouse_of_the_environment_is_found_from_a_notebooks_folder(retailer, tmp_path, monkeypatch):
    monkeypatch.setattr("retail_analytics.warehouse.opened._project", lambda: retailer.path.parents[1])
    monkeypatch.setenv("RETAIL_WAREHOUSE", retailer.path.parent.name)
    monkeypatch.chdir(tmp_path)
    assert open_warehouse().path == retailer.path


def test_a_published_run_keeps_its_note_for_programs(shop):
    code, said = command("publish", "theft_trends", "--warehouse", shop / "warehouse", "--reports", shop / "shelf", "--json")
    assert code == 0 and "so 2026-10 is not complete" in json.loads(said)["note"]


def test_the_account_says_in_words_what_became_of_rows_beside_those_known_before(tmp_path):
    def said(body, day, *more):
        (tmp_path / "incidents.csv").write_text("incident_id,kind,occurred_on\n" + body)
        result = CliRunner().invoke(main, ["load", str(tmp_path / "incidents.csv"), "--known-on", day, "--covers", "2026-01-01", day,
                                           "--warehouse", str(tmp_path / "w"), *more])  # fmt: skip
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "incidents.csv:" not in said("A,theft,2026-01-05\nB,theft,2026-01-06\nC,theft,2026-01-07\n", "2026-03-31")
    second = said("A,fraud,2026-01-05\nB,theft,2026-01-06\nD,theft,2026-01-08\n", "2026-06-30")
    words = "1 new; 1 updated, what was known before is kept; 1 as known before; 1 withdrawn, which it no longer has"
    assert f"incidents.csv: {words}" in second
    assert "incidents.csv: 1 overruled by a newer export" in said("A,damage,2026-01-05\n", "2026-05-31")
    found = json.loads(said("A,fraud,2026-01-05\n", "2026-07-31", "--json"))["files"][-1]
    assert (found["read"], found["kept"], found["confirmed"], found["withdrawn"]) == (1, 1, 1, 2)


def test_doubts_are_listed_and_decided_in_a_file_of_overrides(given, tmp_path):
    drawn = "source | source_id | observed_on | vendor | serial | asset_tag\n"
    shop = given(devices=drawn + "cmdb | a | 2025-06-30 | Acme | 1001 | EG-1\nscan | b | 2025-06-30 | Acme | 1002 | EG-1")
    asked = ["list", "doubts", "--warehouse", shop.path.parent]
    assert command(*asked) == (0, (
        "source  source_id  other_source  other_source_id  why\n"
        "cmdb    a          scan          b                same asset tag, different serials\n"
    ))  # fmt: skip
    (doubt,) = json.loads(command(*asked, "--json")[1])
    decided = doubt | {"decision": "same", "reason": "Went there", "decided_by": "Technician", "decided_on": "2026-01-15"}
    with (tmp_path / "device_overrides.csv").open("w", newline="") as file:
        csv.writer(file).writerows([decided, decided.values()])
    assert command("load", tmp_path / "device_overrides.csv", "--warehouse", shop.path.parent)[0] == 0
    assert command(*asked) == (0, "none\n")
    assert command(*asked, "--json") == (0, "[]\n")


def test_a_warehouse_without_devices_has_no_doubts(shop):
    assert command("list", "doubts", "--warehouse", shop / "warehouse") == (0, "none\n")
    said = command("list", "--help")[1]
    assert "device_overrides.csv" in said and "--json" in said
