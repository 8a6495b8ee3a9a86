"""Measured tables drawn by hand, and what each chart makes of them."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import plotly.graph_objects as go
import polars as pl
import pytest

from retail_analytics import charts, exhibits, tokens, words
from retail_analytics.charts import template
from retail_analytics.errors import WorkbenchError
from retail_analytics.exhibits import MIMETYPE
from retail_analytics.measure import Duration, Flow, Measured, Metric, Stock
from retail_analytics.warehouse.scopes import Scope

HOSTILE = "<img src=x onerror=alert(1)>"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"
PAGE = Path(exhibits.__file__).parent / "publishing" / "page"

theft_rate = Metric(
    id="B01",
    name="theft_rate",
    label="Recorded theft rate",
    unit="recorded thefts per 10,000 visits",
    definition="Recorded thefts divided by visits.",
    numerator=Flow("incidents", "occurred_on"),
    denominator=Flow("store_days", "day"),
    per=10_000,
    better="lower",
)
devices = Metric(
    id="A01",
    name="active_devices",
    label="Devices in service",
    unit="devices",
    definition="Devices in service at the end of the month.",
    numerator=Stock("devices", "start", "end"),
    estimate="count",
)
fixes = Duration(
    id="C04",
    name="time_to_fix",
    label="Time to fix",
    unit="days from finding to fix",
    definition="Days from finding a weakness to its fix.",
    table="findings",
    start="found_on",
    end="fixed_on",
    ends="fix dates",
)
facts = {
    "last_month": date(2026, 4, 1),
    "months": 4,
    "as_known": date(2026, 5, 14),
    "snapshot": "2026-05-14",
    "tables": ("incidents", "store_days"),
}
story = Measured(
    rows=pl.DataFrame(
        [
            ("theft_rate", date(2026, 1, 1), 82.0, 200_000.0, 4.1, 3.3, 5.1),
            ("theft_rate", date(2026, 2, 1), None, None, None, None, None),
            ("theft_rate", date(2026, 3, 1), 76.0, 200_000.0, 3.8, 3.0, 4.8),
            ("theft_rate", date(2026, 4, 1), 40.0, 200_000.0, 2.0, 1.4, 2.7),
        ],
        schema=["metric", "period", "numerator", "denominator", "value", "low", "high"],
        orient="row",
    ),
    metric=theft_rate,
    provisional_from=date(2026, 4, 1),
    tolerance={"limit": 5.0, "owner": "COO", "agreed_on": date(2026, 1, 1)},
    annotations=(
        {
            "annotation_id": "N1",
            "from_on": date(2026, 3, 10),
            "to_on": None,
            "scope": "all",
            "kind": "recording change",
            "text": "reporting app live in 34 stores",
            "source": "roll-outs",
        },
    ),
    gaps=({"table": "store_days", "region": "Harbour", "first": date(2026, 2, 1), "last": date(2026, 2, 1)},),
    **facts,
)


def by_store(names):
    """One month of a rate for each of some stores."""
    rows = pl.DataFrame(
        {
            "metric": "theft_rate",
            "period": date(2026, 4, 1),
            "store_id": names,
            "numerator": 40.0,
            "denominator": 100_000.0,
            "value": 4.0,
        }
    )
    return Measured(rows=rows, metric=theft_rate, by=("store_id",), **facts)


def ranked():
    rows = pl.DataFrame(
        [
            ("theft_rate", HOSTILE, 90.0, 100_000.0, 9.0, 8.2, 6.6, 10.0, 2.05, 0.97, "above"),
            ("theft_rate", "0002", 40.0, 100_000.0, 4.0, 4.0, 2.9, 5.3, 1.0, 0.002, None),
        ],
        schema=["metric", "store_id", "numerator", "denominator", "raw", "value", "low", "high", "ratio"]
        + ["probability", "established"],
        orient="row",
    )
    return Measured(rows=rows, metric=theft_rate, by=("store_id",), **facts)


def scattered():
    rows = pl.DataFrame(
        [
            ("theft_rate", "0002", 20.0, 18.0, 50_000.0, 3.6, 2.4, 5.9, 1.6, 7.1, False),
            ("theft_rate", HOSTILE, 40.0, 95.0, 100_000.0, 9.5, 2.9, 5.3, 2.3, 6.1, True),
        ],
        schema=["metric", "store_id", "expected", "numerator", "denominator", "value", "low95", "high95"]
        + ["low998", "high998", "outside"],
        orient="row",
    )
    return Measured(rows=rows, metric=theft_rate, by=("store_id",), **facts)


def split_of_devices():
    rows = pl.DataFrame(
        [
            ("active_devices", date(2026, 4, 1), "protected", 700.0, 1000.0, 0.7),
            ("active_devices", date(2026, 4, 1), HOSTILE, 280.0, 1000.0, 0.28),
            ("active_devices", date(2026, 4, 1), "unknown", 20.0, 1000.0, 0.02),
        ],
        schema=["metric", "period", "band", "numerator", "denominator", "value"],
        orient="row",
    )
    return Measured(rows=rows, metric=devices, by=("band",), **facts)


def waiting():
    rows = pl.DataFrame(
        [
            ("high", 0.0, 1.0, 1.0, 1.0, 20),
            ("high", 5.0, 0.6, 0.4, 0.8, 20),
            ("high", 9.0, 0.0, 0.0, None, 12),
            (HOSTILE, 0.0, None, None, None, 3),
        ],
        schema=["severity", "waited", "value", "low", "high", "at_risk"],
        orient="row",
    )
    return Measured(rows=rows, metric=fixes, by=("severity",), every="day", **facts)


def moved():
    rows = pl.DataFrame(
        [
            ("active_devices", date(2026, 3, 1), 9000.0, 120.0, 0.0, 40.0, 9080.0),
            ("active_devices", date(2026, 4, 1), 9080.0, 90.0, 412.0, 60.0, 9522.0),
        ],
        schema=["metric", "period", "opening", "arrived", "newly_visible", "left", "closing"],
        orient="row",
    )
    return Measured(rows=rows, metric=devices, **facts)


def scored():
    rows = pl.DataFrame(
        [
            ("readiness", "index", "Readiness index", 58.0, 52.0, 63.0, 48, 13, None),
            ("readiness", "R5", HOSTILE, None, None, None, 0, 4, 0.9),
        ],
        schema=["metric", "domain", "label", "value", "low", "high", "indicators", "missing", "weakest"],
        orient="row",
    )
    return Measured(rows=rows, metric=replace(devices, unit="points of 100", estimate="index"), **facts)


def by_hour():
    values = [0.5, 0.75, 1.0, 1.2, 1.4, 1.7]
    rows = [(day, 9, 10 * value, 10.0, value) for day, value in enumerate(values, 1)]
    schema = ["weekday", "hour", "numerator", "denominator", "value"]
    cells = pl.DataFrame([*rows, (7, 9, None, None, None)], schema=schema, orient="row")
    return Measured(rows=cells, metric=replace(devices, label="Recorded thefts", unit="thefts"), **facts)


DRAWN = {
    "trend": lambda: charts.trend(story),
    "panels": lambda: charts.trend(by_store([HOSTILE, "0002", "0003"])),
    "ranking": lambda: charts.ranking(ranked()),
    "funnel": lambda: charts.funnel(scattered()),
    "survival": lambda: charts.survival(waiting()),
    "split": lambda: charts.split(split_of_devices()),
    "stock_flow": lambda: charts.stock_flow(moved()),
    "readiness": lambda: charts.readiness(scored()),
}
TABLES = {"heatmap": lambda: charts.heatmap(by_hour()), "table": lambda: charts.table(ranked())}


# ---- what all charts have in common


@pytest.mark.parametrize("name", [*DRAWN, *TABLES])
def test_an_exhibit_is_complete_and_plain_json(name):
    content = (DRAWN | TABLES)[name]().content
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert set(content) == {
        *("kind", "form", "title", "subtitle", "words", "figure", "height", "narrow", "table", "measured", "heat"),
        *("source", "tier", "notes", "terms"),
    }
    assert content["source"] == "incidents, store_days; data to 14 May 2026; snapshot 2026-05-14"
    assert all(len(row) == len(content["table"]["columns"]) for row in content["table"]["rows"])
    assert {len(column["values"]) for column in content["table"]["columns"]} == {len(content["table"]["rows"])}
    assert content["measured"]["last_month"] == "2026-04-01" and content["measured"]["as_known"] == "2026-05-14"


def test_the_numbers_of_a_table_are_those_that_were_measured():
    columns = {column["name"]: column["values"] for column in charts.trend(story).content["table"]["columns"]}
    rows = story.rows.to_dict(as_series=False)
    assert columns == {name: [str(day) for day in rows[name]] if name == "period" else rows[name] for name in columns}
    assert {"period", "value", "low", "high", "numerator", "denominator"} == set(columns)
    facts = charts.trend(story).content["measured"]
    assert (facts["metric"], facts["level"], facts["provisional_from"]) == ("theft_rate", 0.95, "2026-04-01")


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_has_no_legend_no_markup_no_binary_and_no_fixed_width(name):
    content = DRAWN[name]().content
    layout = content["figure"]["layout"]
    assert layout["template"]["layout"]["showlegend"] is False
    assert "showlegend" not in layout and "width" not in layout
    assert "bdata" not in json.dumps(content["figure"])
    assert {trace["type"] for trace in content["figure"]["data"]} <= {"scatter", "bar"}
    for text in texts(content):
        assert "<" not in text.replace("<br>", ""), text
    go.Layout(content["narrow"])  # plotly refuses names that it does not know
    assert content["narrow"]["height"] and content["height"] == layout["height"]


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_what_plotly_itself_would_write(name):
    figure = DRAWN[name]().content["figure"]
    assert json.loads(go.Figure(figure).to_json()) == figure


@pytest.mark.parametrize("name", ["panels", "ranking", "funnel", "split", "readiness"])
def test_a_hostile_name_is_escaped_in_the_figure_and_raw_in_the_table(name):
    content = DRAWN[name]().content
    assert any(ESCAPED in text for text in texts(content))
    assert any(HOSTILE in row for row in content["table"]["rows"])


@pytest.mark.parametrize("name", charts.__all__)
def test_what_is_not_recorded_is_said_under_the_same_title(name):
    absent = replace(story, rows=story.rows.clear(), not_recorded="no visits in this warehouse")
    assert getattr(charts, name)(absent, says="Is theft rising?").content == {
        "kind": "not_recorded",
        "title": "Is theft rising?",
        "sentence": "Not recorded: no visits in this warehouse.",
    }


def test_a_title_is_a_sentence_a_verdict_or_the_newest_value():
    verdict = words.Verdict(
        "no_clear", "No clear change", "Recorded theft: no clear change.", "4.1", "3.8 to 4.5"
    )
    assert charts.trend(story, says="Theft is steady").content["title"] == "Theft is steady"
    assert charts.trend(story, says=verdict).content["title"] == "Recorded theft: no clear change."
    assert charts.trend(story).content["title"] == words.latest(story)


def test_the_font_of_the_figures_is_that_of_the_page():
    assert template.TEMPLATE["layout"]["font"]["family"] == tokens.SANS


# ---- one by one


def test_a_trend_draws_the_gap_marks_the_provisional_month_and_the_tolerance():
    content = charts.trend(story).content
    line = next(trace for trace in content["figure"]["data"] if trace.get("line", {}).get("width") == 2.25)
    assert line["x"] == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]
    assert line["y"] == [4.1, None, 3.8, None]
    marks = content["figure"]["data"][-1]
    assert (marks["x"], marks["marker"]["color"]) == (
        ["2026-01-01", "2026-03-01", "2026-04-01"],
        ["var(--ink)", "var(--ink)", "var(--paper)"],
    )
    hatched = [trace for trace in content["figure"]["data"] if "fillpattern" in trace]
    assert [(trace["x"][0], trace["x"][1]) for trace in hatched] == [("2026-03-17", "2026-04-16")]
    shown = [note["text"] for note in content["figure"]["layout"]["annotations"]]
    assert shown == ["10 Mar 2026: reporting<br>app live in 34 stores", "3.8", "Mar", "Tolerance 5.0", "Provisional"]
    limits = [shape for shape in content["figure"]["layout"]["shapes"] if shape["y0"] == shape["y1"] == 5.0]
    assert len(limits) == 1
    assert content["notes"] == [
        "10 Mar 2026: reporting app live in 34 stores.",
        "Store days not covered for Harbour: February 2026.",
    ]


def test_a_trend_says_the_same_numbers_in_the_table_and_at_the_points():
    content = charts.trend(story).content
    assert [column["label"] for column in content["table"]["columns"]] == [
        *("Month", "Recorded thefts per 10,000 visits", "95 % from", "95 % to", "Recorded thefts", "Visits")
    ]
    assert content["table"]["rows"] == [
        ["January 2026", "4.1", "3.3", "5.1", "82", "200,000"],
        ["February 2026", "not known", "not known", "not known", "not known", "not known"],
        ["March 2026", "3.8", "3.0", "4.8", "76", "200,000"],
        ["April 2026 p", "2.0", "1.4", "2.7", "40", "200,000"],
    ]
    assert content["table"]["notes"] == ["p = provisional: later entries may still change it."]
    line = next(trace for trace in content["figure"]["data"] if trace.get("line", {}).get("width") == 2.25)
    assert line["hovertext"] == [
        "January 2026: 4.1 (95 % 3.3 to 5.1)",
        "February 2026: not known",
        "March 2026: 3.8 (95 % 3.0 to 4.8)",
        "April 2026: 2.0 (95 % 1.4 to 2.7), provisional",
    ]
    assert content["words"] == words.describe(story)


def test_the_newest_value_is_marked_when_it_is_judged_above_the_tolerance():
    strict = replace(story, tolerance={"limit": 2.5, "owner": "COO", "agreed_on": date(2026, 1, 1)})
    assert words.judged(strict).status == "worse"
    marks = charts.trend(strict).content["figure"]["data"][-1]["marker"]
    assert list(zip(marks["symbol"], marks["color"], strict=True)) == [
        ("circle", "var(--ink)"),
        ("triangle-up", "var(--worse)"),
        ("circle", "var(--paper)"),
    ]


def test_a_trend_by_groups_has_a_panel_for_each_on_one_scale():
    layout = charts.trend(by_store(["0001", "0002", "0003"])).content["figure"]["layout"]
    assert [layout[f"yaxis{n}"]["range"] for n in ("", "2", "3")] == [layout["yaxis"]["range"]] * 3
    assert [note["text"] for note in layout["annotations"]] == ["0001", "4.0", "0002", "4.0", "0003", "4.0"]


def test_small_panels_have_lines_and_hatching_but_no_labels():
    names = [name for name in ("0001", "0002") for _ in range(4)]
    panels = replace(story, rows=pl.concat([story.rows] * 2).with_columns(store_id=pl.Series(names)), by=("store_id",))
    content = charts.trend(replace(panels, tolerance=None)).content
    layout = content["figure"]["layout"]
    assert [note["text"] for note in layout["annotations"]] == ["0001", "3.8", "0002", "3.8"]
    assert len([rule for rule in layout["shapes"] if rule["x0"] == rule["x1"]]) == 2
    assert len([trace for trace in content["figure"]["data"] if "fillpattern" in trace]) == 2
    assert content["subtitle"] == (
        "Recorded thefts per 10,000 visits, by store, January 2026 to April 2026; 95 % interval; "
        "hatched: provisional; upright lines: the days in the notes"
    )
    assert content["notes"][0] == "10 Mar 2026: reporting app live in 34 stores."


def test_days_that_would_leave_no_room_on_a_phone_are_only_lines_there():
    (note,) = story.annotations
    days = [note | {"from_on": date(2026, month, 20)} for month in (1, 2, 3)]
    content = charts.trend(replace(story, annotations=tuple(days))).content
    wide, narrow = content["figure"]["layout"], content["narrow"]
    assert any(note["text"].startswith("20 Feb 2026") for note in wide["annotations"])
    assert not any(note["text"].startswith("20 Feb 2026") for note in narrow["annotations"])
    assert [rule["x0"] for rule in narrow["shapes"] if rule["x0"] == rule["x1"]] == [
        *("2026-01-05", "2026-02-05", "2026-03-05")
    ]


def test_an_interval_is_named_only_where_there_is_one():
    bare = story.rows.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    assert charts.trend(story).content["subtitle"].endswith("; 95 % interval")
    assert charts.trend(replace(story, rows=bare)).content["subtitle"] == (
        "Recorded thefts per 10,000 visits, January 2026 to April 2026"
    )


def test_ticks_that_are_close_have_the_decimals_that_tell_them_apart():
    available = replace(theft_rate, estimate="ratio", per=1, better="higher", unit="of open minutes")
    rows = story.rows.with_columns(value=pl.Series([0.9971, None, 0.9978, 0.9983]), low=None, high=None)
    layout = charts.trend(replace(story, rows=rows, metric=available, tolerance=None)).content["figure"]["layout"]
    assert layout["yaxis"]["ticktext"] == ["99.70 %", "99.75 %", "99.80 %"]
    assert [note["text"] for note in layout["annotations"]][1] == "99.78 %"


def test_groups_are_shown_without_underscores_and_ids_as_they_are():
    rows = by_store(["S_1", "S_2"]).rows.with_columns(device_class=pl.lit("payment_terminal"))
    content = charts.ranking(Measured(rows, theft_rate, by=("store_id", "device_class"), **facts)).content
    assert [row[:2] for row in content["table"]["rows"]] == [["S_1", "payment terminal"], ["S_2", "payment terminal"]]
    shown = [note["text"] for note in content["figure"]["layout"]["annotations"]]
    assert "S_1, payment terminal" in shown
    kinds = split_of_devices().rows.with_columns(band=pl.Series(["payment_terminal", "till", "unknown"]))
    split = charts.split(split_of_devices().with_rows(kinds)).content
    assert "payment terminal" in [note["text"] for note in split["figure"]["layout"]["annotations"]]
    assert split["table"]["rows"][0][1] == "payment terminal"


def test_a_trend_refuses_more_groups_than_can_be_read_and_says_what_to_do():
    with pytest.raises(WorkbenchError) as error:
        charts.trend(by_store([f"{number:04}" for number in range(9)]))
    assert str(error.value) == (
        "trend draws at most 8 groups and store_id has 9: measure by a coarser column, or compare the groups "
        "with charts.ranking or charts.funnel."
    )


@pytest.mark.parametrize("name", ["trend", "ranking", "funnel", "survival", "stock_flow", "readiness"])
def test_a_chart_without_a_single_known_value_says_so_instead(name):
    given = {"trend": lambda: story, "ranking": ranked, "funnel": scattered, "survival": waiting, "stock_flow": moved,
             "readiness": scored}[name]()  # fmt: skip
    unknown = given.rows.with_columns(pl.lit(None, pl.Float64).alias("closing" if name == "stock_flow" else "value"))
    for rows in (unknown, unknown.clear()):
        content = getattr(charts, name)(given.with_rows(rows), says="Is theft rising?").content
        assert content == {
            "kind": "not_recorded",
            "title": "Is theft rising?",
            "sentence": "Cannot tell: nothing is known and settled in the 4 months to April 2026.",
        }


def test_a_note_that_holds_for_all_that_is_shown_has_no_day():
    older, newer = ({**story.annotations[0], "from_on": day} for day in (date(1971, 1, 1), date(2026, 1, 1)))
    notes = charts.trend(replace(story, annotations=(older, newer))).content["notes"]
    assert notes[:2] == ["reporting app live in 34 stores.", "1 Jan 2026: reporting app live in 34 stores."]


def test_what_left_is_not_drawn_where_no_source_says_it():
    flow = moved()
    unknown = flow.with_rows(flow.rows.with_columns(left=pl.lit(None, pl.Float64)))
    content = charts.stock_flow(unknown).content
    assert content["title"] == (
        "9,522 devices in April 2026: 210 arrived, 412 became visible since March 2026; what left is not recorded."
    )
    assert "Left" not in [note["text"] for note in content["figure"]["layout"]["annotations"]]
    assert [row[4] for row in content["table"]["rows"]] == ["not known", "not known"]


def test_a_tolerance_is_not_held_against_months_that_are_not_settled():
    late = replace(story, provisional_from=date(2026, 1, 1))
    assert charts.trend(late).content["figure"]["layout"]["annotations"]


def test_one_region_is_not_compared_with_itself():
    harbour = Scope("Harbour", "region", "Harbour", "Harbour")
    content = charts.trend(replace(story, scope="Harbour", place=harbour, by=("region",))).content
    assert content["title"] == "Recorded theft rate by region"
    assert content["sentence"] == "Nothing to compare: this is about region Harbour alone."


@pytest.mark.parametrize("by", ["region", "store", "store_id"])
def test_one_store_is_compared_with_nothing(by):
    store = replace(story, scope="0012", place=Scope("0012", "store", "0012 Mall", "Harbour"), by=(by,))
    title = f"Recorded theft rate by {by.removesuffix('_id')}"
    sentence = "Nothing to compare: this is about store 0012 Mall alone."
    for chart in (charts.trend, charts.ranking, charts.funnel, charts.table):
        content = chart(store).content
        assert (content["kind"], content["title"], content["sentence"]) == ("not_recorded", title, sentence)
    watched = charts.table(store, says=words.watched(store, store)).content
    assert (watched["title"], watched["sentence"]) == ("Watch list by recorded theft rate", sentence)


def test_a_chart_says_of_which_store_it_is():
    store = replace(story, scope="0012", place=Scope("0012", "store", "0012 Mall", "Harbour"))
    assert ", store 0012 Mall" in charts.trend(store).content["subtitle"]


def test_one_group_is_no_ranking():
    only = ranked()
    only = only.with_rows(only.rows.head(1))
    group, value = only.rows.select(only.by[0], "value").row(0)
    said = f"Nothing to compare: there is nothing but {group} ({words.rate(value)})."
    assert charts.ranking(only).content["sentence"] == said


def test_one_part_is_no_split():
    devices = split_of_devices()
    only = devices.with_rows(devices.rows.filter(pl.col("band") == "protected"))
    assert charts.split(only).content["sentence"] == "Nothing to split: there is nothing but protected."


def test_a_ranking_keeps_the_order_and_greys_what_is_not_established():
    content = charts.ranking(ranked()).content
    assert content["table"]["rows"] == [
        [HOSTILE, "8.2", "6.6", "10.0", "9.0", "2.0", "97 %", "above", "90", "100,000"],
        ["0002", "4.0", "2.9", "5.3", "4.0", "1.0", "under 1 %"]
        + ["cannot be separated from average", "40", "100,000"],
    ]
    dots = content["figure"]["data"][-1]
    assert (dots["x"], dots["y"]) == ([8.2, 4.0], [0, 1])
    assert dots["marker"]["color"] == ["var(--ink)", "var(--s3)"]
    assert content["tier"] == "T2 compared"


def test_a_ranking_refuses_a_league_table_of_all_stores():
    with pytest.raises(WorkbenchError, match="at most 30 groups and this has 31.*charts.funnel"):
        charts.ranking(by_store([f"{number:04}" for number in range(31)]))


def test_a_funnel_names_what_is_outside_and_draws_both_limits():
    content = charts.funnel(scattered()).content
    assert content["table"]["rows"] == [
        ["0002", "20", "18", "50,000", "3.6", "2.4", "5.9", "1.6", "7.1", "no"],
        [HOSTILE, "40", "95", "100,000", "9.5", "2.9", "5.3", "2.3", "6.1", "yes"],
    ]
    band, low, high, inside, outside = content["figure"]["data"]
    assert (low["y"], high["y"]) == ([1.6, 2.3], [7.1, 6.1])
    assert (inside["x"], outside["x"], outside["y"]) == ([20.0], [40.0], [9.5])
    names = [note["text"] for note in content["figure"]["layout"]["annotations"]]
    assert "0002" not in names and any(name.startswith("&lt;img") for name in names)


def test_a_survival_curve_steps_and_leaves_out_groups_with_too_few():
    content = charts.survival(waiting()).content
    assert content["table"]["rows"] == [
        ["high", "0", "100 %", "100 %", "100 %", "20"],
        ["high", "5", "60 %", "40 %", "80 %", "20"],
        ["high", "9", "0 %", "0 %", "not known", "12"],
        [HOSTILE, "0", "not known", "not known", "not known", "3"],
    ]
    band, line = content["figure"]["data"]
    assert (line["x"], line["y"], line["line"]["shape"]) == ([0.0, 5.0, 9.0], [1.0, 0.6, 0.0], "hv")
    assert (band["x"], band["y"]) == ([0.0, 5.0, 5.0, 5.0, 5.0, 0.0], [1.0, 1.0, 0.8, 0.4, 1.0, 1.0])


def test_a_split_adds_to_all_and_labels_each_part():
    content = charts.split(split_of_devices()).content
    assert content["table"]["rows"] == [
        ["April 2026", "protected", "70 %", "700", "1,000"],
        ["April 2026", HOSTILE, "28 %", "280", "1,000"],
        ["April 2026", "unknown", "2.0 %", "20", "1,000"],
    ]
    parts = content["figure"]["data"]
    assert sum(part["x"][0] for part in parts) == pytest.approx(1)
    assert [part["base"] for part in parts] == [[0], [0.7], [pytest.approx(0.98)]]
    assert [part["marker"].get("pattern", {}).get("shape") for part in parts] == [None, None, "/"]
    shown = {note["text"] for note in content["figure"]["layout"]["annotations"]}
    assert shown == {
        *("protected", "70 %, 700 of 1,000", ESCAPED, "28 %, 280 of 1,000"),
        *("unknown", "2.0 %, 20 of 1,000"),
    }


def test_a_stock_flow_draws_what_left_below_zero_and_the_stock_in_a_panel_of_its_own():
    content = charts.stock_flow(moved()).content
    assert content["table"]["rows"] == [
        ["March 2026", "9,000", "120", "0", "40", "9,080"],
        ["April 2026", "9,080", "90", "412", "60", "9,522"],
    ]
    stock, arrived, visible, left = content["figure"]["data"]
    assert (stock["y"], stock.get("yaxis", "y")) == ([9080.0, 9522.0], "y")
    assert [bar["yaxis"] for bar in (arrived, visible, left)] == ["y2"] * 3
    assert (arrived["y"], visible["base"], left["y"]) == ([120.0, 90.0], [120.0, 90.0], [-40.0, -60.0])


def test_readiness_shows_what_is_not_measured_as_not_known():
    content = charts.readiness(scored()).content
    assert content["table"]["rows"] == [
        ["Readiness index", "58", "52", "63", "48", "13"],
        [HOSTILE, "not known", "not known", "not known", "0", "4"],
    ]
    assert content["figure"]["data"][-1]["x"] == [58.0, None]


def test_a_heat_map_is_a_table_of_six_levels_and_a_dash_where_nothing_is_known():
    content = charts.heatmap(by_hour()).content
    assert content["figure"] is None
    assert content["heat"]["columns"] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert content["heat"]["rows"] == [
        {
            "label": "09:00",
            "cells": [
                {"text": "0.50", "level": 1},
                {"text": "0.75", "level": 2},
                {"text": "1.0", "level": 3},
                {"text": "1.2", "level": 4},
                {"text": "1.4", "level": 5},
                {"text": "1.7", "level": 6},
                {"text": "–", "level": 0},
            ],
        }
    ]
    assert len(content["heat"]["key"].split(";")) == 6
    assert content["table"]["rows"][0] == ["Monday", "09:00", "5", "10", "0.50"]
    assert content["table"]["rows"][6] == ["Sunday", "09:00", "not known", "not known", "not known"]


def test_a_table_shows_every_column_in_the_order_of_the_rows():
    content = charts.table(ranked()).content
    assert (content["form"], content["figure"]) == ("table", None)
    assert [column["label"] for column in content["table"]["columns"]] == [
        *("Store", "Recorded thefts", "Visits", "As recorded", "Recorded thefts per 10,000 visits"),
        *("95 % from", "95 % to", "Times peers", "Probability of more than 1.5 times peers", "Against peers"),
    ]
    assert content["table"]["rows"][0] == [
        *(HOSTILE, "90", "100,000", "9.0", "8.2", "6.6", "10.0", "2.0", "97 %", "above")
    ]


def test_a_table_of_one_month_leaves_the_month_to_the_subtitle():
    content = charts.table(by_store(["0001", "0002"])).content
    assert [column["label"] for column in content["table"]["columns"]] == [
        *("Store", "Recorded thefts", "Visits", "Recorded thefts per 10,000 visits")
    ]
    assert content["subtitle"] == "Recorded thefts per 10,000 visits, by store, April 2026"


def test_a_table_without_rows_says_none():
    nobody = charts.table(ranked().with_rows(ranked().rows.clear()), says="None of 2 stores").content
    assert nobody["table"]["rows"] == [["None", *[""] * 9]]


def test_a_long_name_stands_on_two_lines_on_a_phone():
    rows = scored().rows.with_columns(label=pl.Series(["Readiness index", "Suppliers and managed services"]))
    narrow = charts.readiness(scored().with_rows(rows)).content["narrow"]
    assert "Suppliers and managed<br>services" in [note["text"] for note in narrow["annotations"]]


def test_a_domain_in_which_nothing_is_measured_has_an_interval_and_no_dot():
    rows = scored().rows.with_columns(value=pl.Series([58.0, 50.0]), low=pl.Series([52.0, 11.0]), high=pl.Series([63.0, 99.0]))
    content = charts.readiness(scored().with_rows(rows)).content
    *intervals, dots = content["figure"]["data"]
    assert (len(intervals), dots["x"]) == (2, [58.0, None])
    assert "none" in [note["text"] for note in content["figure"]["layout"]["annotations"]]
    assert content["subtitle"].endswith("; grey: nothing is measured")


def test_a_trend_begins_where_something_is_known_but_shows_a_year():
    months = [date(2024 + i // 12, i % 12 + 1, 1) for i in range(24)]
    rows = pl.DataFrame({"metric": "theft_rate", "period": months, "numerator": 1.0, "denominator": 1.0})
    for known, first in ((20, "January 2025"), (3, "April 2024")):
        values = pl.Series([None] * known + [4.0] * (24 - known), dtype=pl.Float64)
        content = charts.trend(replace(story, rows=rows.with_columns(value=values), annotations=())).content
        assert f"{first} to December 2025" in content["subtitle"]
        assert len(content["table"]["rows"]) == 24


# ---- exhibits without a chart, and JupyterLab


def test_the_components_without_a_chart_are_plain_values():
    row = {"metric": "theft_rate", "change": 0.12345678912, "period": date(2026, 10, 1), "missing_periods": []}
    verdict = words.Verdict("worse", "Rose", "Recorded theft rose.", "4.1", "3.8 to 4.5", row=row)
    chart = charts.trend(story)
    assert exhibits.headline("Theft rose.", "A little.").content == {
        "kind": "headline",
        "text": "Theft rose.",
        "standfirst": "A little.",
    }
    assert exhibits.verdict_row("Theft", verdict, exhibit=chart, meta="T2").content == {
        "kind": "verdict",
        "question": "Theft",
        "status": "worse",
        "word": "Rose",
        "number": "4.1",
        "interval": "3.8 to 4.5",
        "claim": "Recorded theft rose.",
        "sentence": "Recorded theft rose.",
        "meta": "T2",
        "measured": {"metric": "theft_rate", "change": 0.123456789, "period": "2026-10-01"},
        "exhibit": chart.content,
    }
    absent = charts.trend(replace(story, not_recorded="no visits in this warehouse"))
    assert exhibits.verdict_row("Theft", verdict, exhibit=absent).content["exhibit"] is None
    assert exhibits.points("Limits", [("Unknown.", "Why."), "Another."], style="limits").content == {
        "kind": "list",
        "style": "limits",
        "title": "Limits",
        "items": [{"lead": "Unknown.", "text": "Why."}, {"lead": "", "text": "Another."}],
    }


def test_jupyterlab_gets_light_colours_and_escaped_text():
    bundle = charts.funnel(scattered(), says=f"Is {HOSTILE} outside?")._repr_mimebundle_()
    assert set(bundle) == {MIMETYPE, "text/html", "text/plain", "application/vnd.plotly.v1+json"}
    figure = json.dumps(bundle["application/vnd.plotly.v1+json"])
    assert "var(--" not in figure and "#15212B" in figure
    assert HOSTILE not in figure and HOSTILE not in bundle["text/html"]


def test_plotly_draws_every_figure_without_an_error_and_hostile_names_as_text(browser):
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.add_script_tag(path=PAGE / "plotly-basic.min.js")
    for draw in DRAWN.values():
        bundle = draw()._repr_mimebundle_()
        figure = bundle["application/vnd.plotly.v1+json"]
        for width, patch in ((688, {}), (340, bundle[MIMETYPE]["narrow"])):
            layout = figure["layout"] | {key: value for key, value in patch.items() if "axis" not in key}
            page.evaluate(
                "([data, layout]) => { const box = document.body.appendChild(document.createElement('div'));"
                " return Plotly.newPlot(box, data, layout).then(() => null); }",
                [figure["data"], layout | {"width": width}],
            )
    assert said == []
    assert page.locator("img").count() == 0
    assert page.get_by_text("<img src=x", exact=False).count() > 0
    page.close()


def texts(content):
    """Every text that plotly is given, in the wide and in the narrow form."""
    found = []

    def collect(part):
        if isinstance(part, dict):
            for key, value in part.items():
                if key in ("text", "hovertext", "ticktext", "name"):
                    found.extend(value if isinstance(value, list) else [value])
                else:
                    collect(value)
        elif isinstance(part, list):
            for item in part:
                collect(item)

    collect(content["figure"])
    collect(content["narrow"])
    return [text for text in found if isinstance(text, str)]
