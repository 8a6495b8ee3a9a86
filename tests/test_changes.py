"""What changed since the last report: real loads, real pages, each kind of change in its own list."""

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from retail_analytics.publishing import numbers, parameters
from retail_analytics.publishing.run import publish

PACKAGE = Path(__file__).parents[1] / "retail_analytics"
FIRST = date(2026, 7, 1)
REPORT = """from IPython.display import display
from retail_analytics import about, changed, charts, exhibits, measure, open_warehouse, words
from retail_analytics.metrics import theft
warehouse = open_warehouse()
asked = {"last_month": last_month, "months": months, "scope": scope}
thefts = measure(warehouse, theft.recorded_thefts, **asked)
by_region = measure(warehouse, theft.recorded_thefts, by="region", **asked)
display(exhibits.verdict_row("Theft", words.judged(thefts)), charts.trend(thefts), charts.trend(by_region))
about(warehouse, thefts, **asked)"""
STORES = "store_id | region\n0001 | North\n0002 | South"
NOTES = "annotation_id | concerns | scope | kind | from_on | text | source\n"
TOLERANCE = "metric | scope | limit | owner | agreed_on\nrecorded_thefts | all | {} | Head of stores | {}"


def incidents(**days: str) -> str:
    """Thefts of store 0001 on these days (of 0002 where the name begins with s)."""
    rows = [f"{name} | {'0002' if name.startswith('s') else '0001'} | theft | {day}" for name, day in days.items()]
    return "\n".join(["incident_id | store_id | kind | occurred_on", *rows])


@pytest.fixture
def shop(given, notebooks, tmp_path):
    """Loads tables known on a day, and publishes: `shop(date, month, incidents=…)` gives the record of the page."""
    notebooks("weekly", REPORT)

    def load_and_publish(known_on: date, month: str, **tables: str) -> dict:
        given(known_on=known_on, covers={name: [FIRST, known_on] for name in tables}, **tables)
        return published(month)

    def published(month: str, months: int = 3, **options) -> dict:
        parameters.report.cache_clear()
        values = {"last_month": month, "months": months}
        run = publish("weekly", values, warehouse=tmp_path / "warehouse", reports_dir=tmp_path / "shelf", **options)
        assert run.end == "published", run.reason
        return numbers.read(tmp_path / "shelf" / run.page)

    load_and_publish.again = published
    return load_and_publish


SEPTEMBER = {"a": "2026-07-05", "b": "2026-08-05", "s1": "2026-08-06", "c": "2026-09-05", "s2": "2026-09-06"}


def told(record: dict, name: str) -> list[str]:
    return [f"{item['lead']} {item['text']}" for item in record["changes"][name]]


def test_a_new_month_is_the_world_and_a_late_row_the_past(shop, tmp_path):
    first = shop(date(2026, 10, 5), "2026-09", stores=STORES, incidents=incidents(**SEPTEMBER))
    assert [first["changes"][name] for name in ("since", "world", "past", "method")] == [[], [], [], []]
    october = SEPTEMBER | {"late": "2026-09-28", "d": "2026-10-05", "s3": "2026-10-06", "s4": "2026-10-07"}
    after = shop(date(2026, 11, 5), "2026-10", incidents=incidents(**october))
    assert told(after, "world") == [
        "New month. Recorded thefts: 3 in October 2026 after 3 in September 2026.",
        "New data. 1 file came since: incidents.csv of 5 Nov 2026.",
    ]
    assert told(after, "past") == [
        "Restated. Recorded thefts, September 2026: was 2, is 3 (+50 %), by late entries (incidents.csv of 5 Nov 2026).",
        "Restated. Recorded thefts by region, North, September 2026: was 1, is 2 (+100 %), by late entries (incidents.csv of 5 Nov 2026).",
    ]
    assert told(after, "method") == []
    facts = {"metric": "recorded_thefts", "by": [], "period": "2026-09-01", "group": [], "column": "value"}
    assert after["changes"]["past"][0].items() >= (facts | {"was": 2, "now": 3, "numbers": 1}).items()
    assert after["changes"]["compared"] == 2 + 2 * 2  # August and September, of all and of two regions
    page = BeautifulSoup((tmp_path / "shelf/warehouse/weekly/2026-10.html").read_text(encoding="utf-8"), "html.parser")
    said = [part.get_text(" ", strip=True) for part in page.select("#changes .list")]
    assert said[0].startswith("The world: new data New month. Recorded thefts: 3 in October 2026")
    assert said[1].startswith("The past: restated Restated. Recorded thefts, September 2026: was 2, is 3")
    assert said[2] == "The method: how we measure The same definitions, tolerances, parameters and code."
    assert page.select_one("#changes .meta").get_text().startswith("Compared with the report of September 2026, made on ")


def test_a_window_that_grew_with_the_data_is_no_other_method_and_a_shorter_one_is(shop):
    shop(date(2026, 10, 5), "2026-08", stores=STORES, incidents=incidents(**SEPTEMBER))
    grown = shop.again("2026-09")
    assert grown["parameters"]["months"] == 3 and told(grown, "method") == []
    shorter = told(shop.again("2026-09", months=2), "method")
    assert len(shorter) == 1 and shorter[0].startswith("Parameters since ")
    assert shorter[0].endswith("months was 3, is 2.")


def test_a_tolerance_is_the_method_and_so_is_the_verdict_that_turns_with_it(shop):
    agreed = TOLERANCE.format(5, "2026-01-01")
    shop(date(2026, 10, 5), "2026-09", stores=STORES, incidents=incidents(**SEPTEMBER), tolerances=agreed)
    lower = TOLERANCE.format(1, "2026-10-20")
    october = incidents(**SEPTEMBER | {"d": "2026-10-05", "s3": "2026-10-06"})
    after = shop(date(2026, 11, 5), "2026-10", incidents=october, tolerances=lower)
    assert told(after, "method") == [
        "Tolerance. Recorded thefts: was 5 (agreed by the Head of stores, 1 Jan 2026), is 1 (agreed by the Head of stores, 20 Oct 2026).",
        "Turned. Theft: “Within tolerance” then, “Above tolerance” now, 2 (tolerance 1).",
    ]
    assert told(after, "past") == [] and not any("Turned" in item for item in told(after, "world"))


def test_a_verdict_turns_in_the_world_with_a_new_month_and_in_the_past_with_late_rows_of_the_same(shop):
    agreed = TOLERANCE.format(2, "2026-01-01")
    shop(date(2026, 10, 5), "2026-09", stores=STORES, incidents=incidents(**SEPTEMBER), tolerances=agreed)
    october = SEPTEMBER | {"d": "2026-10-05", "s3": "2026-10-06", "e": "2026-10-07"}
    turned = "Theft: “Within tolerance” then, “Above tolerance” now, 3 (tolerance 2)."
    assert f"Turned. {turned}" in told(shop(date(2026, 11, 5), "2026-10", incidents=incidents(**october)), "world")
    fewer = {name: day for name, day in october.items() if name != "e"}
    again = shop(date(2026, 11, 12), "2026-10", incidents=incidents(**fewer))
    mark = next(item for item in again["changes"]["past"] if item["lead"].startswith("Turned since "))
    assert mark["text"] == "Theft: “Above tolerance” then, “Within tolerance” now, 2 (tolerance 2)."
    assert not any("Turned" in item for item in told(again, "world"))
    restated = [item for item in told(again, "past") if "Recorded thefts, October 2026: was 3, is 2 (−33 %)" in item]
    assert len(restated) == 1 and restated[0].startswith("Restated since ")
    assert [one["month"] for one in again["changes"]["since"]] == ["2026-09", "2026-10"]


def test_a_page_is_not_due_because_the_one_before_it_changed(shop, tmp_path):
    shop(date(2026, 10, 5), "2026-09", stores=STORES, incidents=incidents(**SEPTEMBER))
    values = {"last_month": "2026-09", "months": 3}
    asked = {"warehouse": tmp_path / "warehouse", "reports_dir": tmp_path / "shelf"}
    assert publish("weekly", values, **asked).end == "unchanged"
    again = shop.again("2026-09", again=True)
    assert [again["changes"][name] for name in ("world", "past", "method")] == [[], [], []]
    assert [one["month"] for one in again["changes"]["since"]] == ["2026-09"]
    assert publish("weekly", values, **asked).end == "unchanged"


def test_notes_stand_where_they_belong_and_an_altered_page_is_no_report_to_compare_with(shop, tmp_path):
    shop(date(2026, 10, 5), "2026-09", stores=STORES, incidents=incidents(**SEPTEMBER))
    noted = NOTES + (
        "A1 | incidents | all | law              | 2026-10-01 | A new law. | x\n"
        "A2 | incidents | all | roll-out         | 2026-08-01 | Cameras came. | x\n"
        "A3 | incidents | all | recording change | 2026-10-02 | A new system. | x"
    )
    after = shop(date(2026, 11, 5), "2026-10", incidents=incidents(**SEPTEMBER, d="2026-10-05"), annotations=noted)
    assert "Law. From 1 Oct 2026: A new law." in told(after, "world")
    assert told(after, "past") == ["Roll-out. From 1 Aug 2026: Cameras came."]
    assert told(after, "method") == ["Recording change. From 2 Oct 2026: A new system."]
    for month in ("2026-09", "2026-10"):
        page = tmp_path / f"shelf/warehouse/weekly/{month}.html"
        page.write_text(page.read_text(encoding="utf-8").replace('"shape":1', '"shape":1 '), encoding="utf-8")
    assert shop.again("2026-10")["changes"]["since"] == []
    text = (tmp_path / "shelf/warehouse/weekly/2026-10.html").read_text(encoding="utf-8")
    assert "There is no earlier report that holds its numbers: nothing can be compared." in text


def test_what_the_code_does_to_the_past_is_told_as_method(shop, given, tmp_path):
    """In a copy of the project: first only its look is changed, then a definition, each time with a late row."""
    shop(date(2026, 10, 5), "2026-09", stores=STORES, incidents=incidents(**SEPTEMBER))
    copy = shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))

    def published_by_the_copy(file: str, old: str, new: str, known_on: date, **late: str) -> dict:
        given(known_on=known_on, covers={"incidents": [FIRST, known_on]}, incidents=incidents(**SEPTEMBER, **late))
        text = (copy / file).read_text(encoding="utf-8")
        assert old in text
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
        asked = ["publish", "weekly", "-p", "last_month=2026-09", "-p", "months=3", "--reports", "shelf"]
        command = [sys.executable, "-m", "retail_analytics", *asked, "--warehouse", "warehouse"]
        subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, check=True)
        return numbers.read(tmp_path / "shelf/warehouse/weekly/2026-09.html")

    look = published_by_the_copy("publishing/page/report.css", "}", "} ", date(2026, 10, 12), late="2026-09-28")
    assert told(look, "method") == ["Code. Only what shows the numbers was changed, not what makes them."]
    assert [item["now"] for item in look["changes"]["past"]] == [3, 2]
    late = {"late": "2026-09-28", "later": "2026-09-29"}
    other = published_by_the_copy("metrics/theft.py", "Thefts that somebody", "Thefts that anyone", date(2026, 10, 19), **late)
    assert told(other, "past") == []
    assert told(other, "method") == [
        "Definition. Recorded thefts: definition was “Thefts that somebody wrote down, counted on the day they happened. "
        "Attempts are not counted”, is “Thefts that anyone wrote down, counted on the day they happened. Attempts are not "
        "counted”. 2 numbers of earlier periods differ with it.",
        "Code. The code that makes the numbers was changed.",
    ]
    both = published_by_the_copy("measure.py", "What a metric is", "What metrics are", date(2026, 10, 26), **late, s9="2026-09-30")
    assert told(both, "past") == []
    assert told(both, "method")[:2] == [
        "Code. The code that makes the numbers was changed.",
        "Numbers. Recorded thefts, September 2026: was 4, is 5 (+25 %); rows came too, and their part cannot be told apart.",
    ]
