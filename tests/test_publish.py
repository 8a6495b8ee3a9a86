"""Runs that tell the truth: real notebooks, real kernels, real pages."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from retail_analytics.__main__ import main
from retail_analytics.publishing import numbers, parameters, shelf
from retail_analytics.publishing.pack import read_pack, run_packs
from retail_analytics.publishing.run import publish


def command(*words) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["theft_trends", "-p", "mnths=3"],
         "Unknown parameter of theft_trends 'mnths'. Did you mean 'months'? Known: filters, known_by, language, last_month, months, scope."),
        (["theft_trends", "-p", "months=three"], "theft_trends: months is 'three', expected a whole number."),
        (["theft_trends", "-p", "months=-5"], "months is -5, expected a whole number from 1 to 600."),
        (["theft_trends", "-p", "months=0"], "months is 0, expected a whole number from 1 to 600."),
        (["theft_trends", "-p", "scope=Harbor"], "Unknown scope 'Harbor'. Did you mean 'Harbour'?"),
        (["theft_trends", "-p", "last_month=2099-01"],
         "theft_trends: 2099-01 is not complete in the data (incidents end on 2026-11-14). Newest complete month: 2026-10."),
        (["theft_trends", "-p", "last_month=October"], "last_month is 'October', expected a month like 2026-10."),
        (["theft_trend"], "Unknown report 'theft_trend'. Did you mean 'theft_trends'?"),
    ],
)  # fmt: skip
def test_a_request_that_is_wrong_is_refused_in_one_sentence_before_a_kernel_starts(retailer, tmp_path, asked, sentence):
    code, said = command("publish", *asked, "--warehouse", retailer.path.parent, "--reports", tmp_path / "shelf")
    assert code == 2 and said.startswith(f"Error: {sentence}") and said.count("\n") == 1
    assert not (tmp_path / "shelf").exists()


def test_a_missing_warehouse_is_one_sentence(tmp_path):
    code, said = command("publish", "theft_trends", "--warehouse", tmp_path / "none", "--reports", tmp_path / "shelf")
    assert code == 2 and said.startswith("Error: There is no warehouse in") and "Load files into it first" in said


def test_a_report_whose_table_is_not_recorded_is_refused(given, tmp_path):
    shop = given(stores="store_id | region\n0001 | North")
    code, said = command("publish", "theft_trends", "--warehouse", shop.path.parent, "--reports", tmp_path / "shelf")
    assert code == 2 and "theft_trends cannot be published: not recorded: no incidents in this warehouse." in said


def test_no_traceback_reaches_a_person(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "retail_analytics", "load", str(tmp_path / "nothing.csv"), "--warehouse", str(tmp_path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr + done.stdout
    assert done.stderr.startswith("Error: There is no file")


def test_a_failing_cell_leaves_the_last_good_page_and_says_where(retailer, notebooks, tmp_path):
    notebooks("weekly", "1 + 1")
    good = publish("weekly", warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf")
    assert (good.end, good.page) == ("published", f"{retailer.path.parent.name}/weekly/2026-10.html")
    before = (tmp_path / "shelf" / good.page).read_bytes()

    parameters.report.cache_clear()
    notebooks("weekly", "raise ValueError('the visits are upside down')")
    bad = publish("weekly", warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf")
    assert (bad.end, bad.reason) == ("failed", "ValueError: the visits are upside down")
    assert (tmp_path / "shelf" / good.page).read_bytes() == before
    failure = (tmp_path / "shelf" / bad.failure_page).read_text()
    assert "the visits are upside down" in failure and "The only section" in failure and "2026-10.html" in failure
    index = shelf.index(tmp_path / "shelf").read_text()
    assert "the visits are upside down" in index and "weekly/2026-10.html" in index
    assert [run["end"] for run in map(json.loads, (tmp_path / "shelf" / "runs.jsonl").open())] == ["published", "failed"]


def test_a_killed_kernel_is_never_a_success(retailer, notebooks, tmp_path):
    notebooks("weekly", f"import os\nos.kill(os.getpid(), {int(signal.SIGKILL)})")
    run = publish("weekly", warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf")
    assert run.end == "died" and run.page is None
    assert (tmp_path / "shelf" / run.failure_page).is_file()


def test_a_page_that_shows_an_error_is_unsafe(retailer, notebooks, tmp_path):
    notebooks("weekly", "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    print(traceback.format_exc())")
    run = publish("weekly", warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf")
    assert run.end == "unsafe" and run.page is None


def test_nothing_to_do_is_unchanged_and_the_same_snapshot_gives_the_same_numbers(retailer, tmp_path):
    first = publish("theft_trends", {"months": 24}, warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf")
    assert first.end == "published", first.reason
    page = tmp_path / "shelf" / first.page
    record = tables(page)
    assert publish("theft_trends", {"months": 24}, warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf").end == (
        "unchanged"
    )
    assert publish("theft_trends", {"months": 12}, warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf").end == (
        "published"
    )
    again = publish("theft_trends", {"months": 24}, warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf")
    assert again.end == "published" and tables(page) == record and len(record) > 5


def tables(page: Path) -> list:
    return [exhibit["table"] for exhibit in numbers.read(page)["exhibits"]]


def test_a_pack_names_every_region_and_a_refusal_in_it_does_not_stop_the_others(retailer, tmp_path):
    pack = tmp_path / "pack.yaml"
    pack.write_text(
        f"title: Toy\nwarehouse: {retailer.path.parent}\n"
        "reports:\n  - {report: theft_trends, scopes: every region}\n  - {report: iot_growth, parameters: {months: -1}}\n"
    )
    asked = read_pack(pack, tmp_path)
    assert [one.parameters for one in asked.due] == [{"scope": r} for r in retailer.regions] + [{"months": -1}]
    said = []
    batch = run_packs([replace(asked, due=asked.due[-2:])], reports_dir=tmp_path / "shelf", workers=2, said=said.append)
    assert sorted(run.end for run in batch.ended) == ["published", "refused"] and not batch.well
    assert any("refused. months is -1, expected a whole number from 1 to 600." in line for line in said)


def test_templates_have_every_column_and_one_example_row_that_loads(tmp_path):
    code, _ = command("list", "tables", "--template", tmp_path / "mine")
    assert code == 0
    files = [tmp_path / "mine" / f"{name}.csv" for name in ("stores", "devices", "incidents")]
    code, said = command("load", *files, "--warehouse", tmp_path / "w", "--title", "Corner Shops", "--json")
    account = json.loads(said)
    assert code == 0 and [f["kept"] for f in account["files"] if f["file"] in ("stores.csv", "devices.csv", "incidents.csv")] == [1] * 3
    code, said = command("list", "tables", "--template", tmp_path / "mine")
    assert code == 2 and "is there already" in said


@pytest.mark.parametrize("kind", ["reports", "metrics", "tables", "mappings"])
def test_list_is_for_people_and_for_programs(kind):
    code, said = command("list", kind)
    code_json, as_json = command("list", kind, "--json")
    assert code == code_json == 0 and len(said.splitlines()) == len(json.loads(as_json)) + 1


def test_explain_says_definition_formula_and_query(retailer):
    code, said = command("explain", "theft_rate", "--warehouse", retailer.path.parent)
    assert code == 0
    assert "10,000 × total of incidents.sum() over incidents" in said and "Tables: incidents, store_days" in said
    assert "GROUP BY" in said
    code, said = command("explain", "incidents")
    assert code == 0 and said.startswith("Incidents: one row per recorded incident") and "occurred_hour" in said
    code, said = command("explain", "theft_rat")
    assert code == 2 and "Unknown metric or table 'theft_rat'. Did you mean 'theft_rate'?" in said


def test_kernels_leave_nothing_behind(retailer, notebooks, tmp_path):
    notebooks("weekly", "1 + 1")
    before = set(os.listdir())
    publish("weekly", warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf")
    left = [p for p in (tmp_path / "shelf").rglob("*") if p.is_file() and p.suffix not in (".html", ".ipynb", ".jsonl", ".lock", ".sqlite")]
    assert set(os.listdir()) == before and left == []
