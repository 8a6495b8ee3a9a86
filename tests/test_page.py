"""Pages: from an executed notebook to one file that works offline, and the checks it must pass."""

import csv
import io
import json
import re
import subprocess
import sys
import threading
from collections import namedtuple
from copy import deepcopy
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from retail_analytics import tokens
from retail_analytics.exhibits import MIMETYPE
from retail_analytics.publishing import advice, page, proof, record, shelf
from retail_analytics.publishing.outline import exhibits

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "{{7*7}}{% raw %}",
    "```js\nalert(1)\n```",
    "<!-- <svg/onload=alert(1)>",
    '" onmouseover="alert(1)',
    "line\u2028separator & <b>bold</b>",
]
ABOUT = {
    "title": "Theft trends",
    "organisation": "Example Grocers",
    "report": "theft_trends",
    "month": "2026-10",
    "scope": "all",
    "as_known": "2026-11-14",
    "shelf_link": "../../index.html",
    "snapshot": "20261114T060012",
    "run": "20261122T140501-ab12",
    "parameters": {"last_month": "2026-10", "months": 24, "scope": "all"},
    "edition": {"month": "2026-10", "scope": "all", "as_known": "2026-11-14"},
    "method": {"notebook": "1a", "code": "2b", "packages": {"polars": "2.1.0"}},
}
TEMPLATE = {
    "layout": {
        "font": {"color": "var(--ink2)"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "xaxis": {"fixedrange": True, "linecolor": "var(--ink)"},
    }
}


def figure(traces=None):
    line = {"type": "scatter", "x": ["2026-08", "2026-09", "2026-10"], "y": [4.1, None, 4.4]}
    traces = traces or [line | {"mode": "lines+markers", "line": {"color": "var(--ink)"}}]
    return {"data": traces, "layout": {"template": TEMPLATE, "margin": {"l": 40, "r": 20, "t": 10, "b": 40}}}


def exhibit(title="Recorded theft shows no clear change", **changes):
    return {
        "kind": "exhibit",
        "form": "trend",
        "title": title,
        "subtitle": "Recorded thefts per 10,000 visits, August to October 2026",
        "words": "From 4.1 in August to 4.4 in October 2026.",
        "figure": figure(),
        "height": 260,
        "narrow": {"height": 200},
        "table": {
            "caption": "Theft rate",
            "columns": [{"label": "Month", "numeric": False}, {"label": "Rate", "numeric": True}],
            "rows": [["August 2026", "4.1"], ["September 2026", "not known"], ["October 2026", "4.4"]],
            "notes": ["October 2026 is provisional."],
        },
        "heat": None,
        "source": "incidents, store_days; as known 14 Nov 2026",
        "tier": "T1 described",
        "notes": ["A reporting app went live in 34 stores on 28 September 2026."],
        "terms": [{"name": "theft_rate", "label": "theft rate", "definition": "Thefts divided by visits.", "unit": ""}],
    } | changes


def heat_exhibit():
    rows = [
        {"label": f"{hour}:00", "cells": [{"text": f"{day / 2}", "level": day % 7} for day in range(7)]}
        for hour in range(8, 22)
    ]
    columns = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    return exhibit(
        "Friday evenings stand out",
        form="heatmap",
        figure=None,
        height=None,
        heat={"columns": columns, "rows": rows, "key": "Times the average"},
    )


def verdict(beside):
    return {
        "kind": "verdict",
        "question": "Theft",
        "status": "no_clear",
        "word": "No clear change",
        "number": "4.4",
        "interval": "3.8 to 4.9; tolerance 5.0",
        "sentence": "Recorded theft shows no clear change.",
        "meta": "9,133 incidents, T2",
        "exhibit": beside,
    }


def shown(*contents):
    cell = new_code_cell("show()")
    cell.outputs = [
        new_output("display_data", data={MIMETYPE: content, "text/html": "<p>for Lab</p>", "text/plain": "Lab"})
        for content in contents
    ]
    return cell


def report():
    """A notebook with every kind of component; exhibit 1 stands beside a verdict."""
    items = [{"lead": "Restated.", "text": "September was 3.4 and is 3.6."}, {"lead": "", "text": "Only text."}]
    cells = [
        new_markdown_cell("# Theft trends"),
        shown({"kind": "headline", "text": "Recorded theft shows no clear change", "standfirst": "4.4 per 10,000."}),
        shown(verdict(exhibit("Twelve months"))),
        new_markdown_cell("## Is theft rising?\n\nIt follows the *season*."),
        shown(exhibit()),
        shown(exhibit("Three stores", form="table", figure=None, height=None)),
        new_markdown_cell("## When?"),
        shown(heat_exhibit()),
        shown(*({"kind": "list", "style": s, "title": s, "items": items} for s in ("changed", "limits", "points"))),
        shown({"kind": "not_recorded", "title": "Method", "sentence": "Not recorded: no detection method."}),
        shown({"kind": "health", "title": "Data health", "cells": [health_cell(s) for s in ("ok", "late")]}),
        shown(
            {
                "kind": "about",
                "facts": [["Code", "b41f09c"]],
                "definitions": [
                    {"label": "Rate", "definition": "Thefts by visits.", "unit": "", "name": "rate", "id": "B01"}
                ],
                "files": {"columns": ["File", "Rows"], "rows": [["incidents.csv", "12"]]},
            }
        ),
    ]
    return new_notebook(cells=cells)


def health_cell(state):
    return {"name": "Visits", "state": state, "word": "To 14 Nov 2026", "note": "6 stores filled"}


@pytest.fixture(scope="module")
def good():
    notebook = report()
    return notebook, page.html(notebook, about=ABOUT)


def soup(text):
    return BeautifulSoup(text, "html.parser")


# Building


def test_a_good_page_has_no_faults(good):
    notebook, text = good
    assert proof.faults(text, notebook) == []
    assert len(text.encode()) < 1_400_000


def test_the_module_wins_over_the_template_folder_of_the_same_name(tmp_path):
    found = subprocess.run(
        [sys.executable, "-c", "import retail_analytics.publishing.page as p; print(p.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert found.stdout.strip().endswith("page.py")
    assert not (page.FOLDER / "__init__.py").exists()


def test_the_same_notebook_gives_the_same_bytes(good):
    notebook, text = good
    assert page.html(deepcopy(notebook), about=dict(reversed(ABOUT.items()))) == text


def test_headline_edition_contents_and_numbers_stand_in_order(good):
    found = soup(good[1])
    assert found.h1.get_text() == "Recorded theft shows no clear change"
    assert found.select_one(".edition").get_text() == "October 2026 · all regions · as known 14 Nov 2026"
    contents = [(link["href"], link.get_text()) for link in found.select(".contents a")]
    assert contents == [
        ("#section-1", "Is theft rising?"),
        ("#section-2", "When?"),
        ("#definitions", "Definitions"),
    ]
    titles = [found.find(id=f"title-{number}").get_text() for number in range(1, 5)]
    assert titles == ["Twelve months", "Recorded theft shows no clear change", "Three stores", "Friday evenings stand out"]
    assert page.headline(good[0]) == "Recorded theft shows no clear change"


def test_code_and_other_outputs_are_not_shown():
    notebook = report()
    notebook.cells[4].outputs += [
        new_output("stream", text="PRINTED"),
        new_output("execute_result", data={"text/plain": "RESULT", "text/html": "<b>RESULT</b>"}),
        new_output("display_data", data={"image/png": "iVBORw0KGgo="}),
    ]
    text = page.html(notebook, about=ABOUT)
    assert not re.search("PRINTED|RESULT|iVBORw0KGgo|show\\(\\)|for Lab", text)
    assert proof.faults(text, notebook) == []


def test_a_notebook_without_components_is_still_a_page():
    notebook = new_notebook(cells=[new_markdown_cell("Only words.")])
    text = page.html(notebook, about=ABOUT)
    assert soup(text).h1.get_text() == "Theft trends"
    assert proof.faults(text, notebook) == []
    assert "plotly" not in text.split("<body")[1]


def test_the_policy_admits_our_scripts_and_nothing_else(good):
    policy = soup(good[1]).find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy and "http" not in policy


@pytest.mark.parametrize("colours", [tokens.LIGHT, tokens.DARK, tokens.LIGHT | tokens.ON_PAPER], ids=["light", "dark", "paper"])
def test_every_colour_keeps_the_contrast_that_it_needs(colours):
    assert tokens.too_faint(colours) == []


def test_the_contrasts_are_those_of_the_design_and_one_below_its_need_is_told():
    pairs = [("ink", "paper", 15.5, 15.2), ("ink2", "sheet", 7.0, 9.0), ("ink3", "paper", 5.2, 7.2),
             ("worse", "paper", 5.7, 8.5), ("better", "sheet", 6.0, 7.6), ("s3", "paper", 3.2, 4.9)]  # fmt: skip
    for what, ground, light, dark in pairs:
        found = [tokens.contrast(colours[what], colours[ground]) for colours in (tokens.LIGHT, tokens.DARK)]
        assert found == [pytest.approx(light, abs=0.06), pytest.approx(dark, abs=0.06)]
    assert [pair[:2] for pair in tokens.too_faint(tokens.LIGHT | {"ink3": "#8A949C"})] == [("ink3", "paper"), ("ink3", "sheet")]


def test_the_style_sheet_takes_every_colour_from_the_tokens():
    css = (page.FOLDER / "report.css").read_text(encoding="utf-8")
    used, known = set(re.findall(r"var\(--(\w+)\)", css)), {*tokens.LIGHT, *tokens.TYPE, *tokens.SPACE}
    assert used <= known
    assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", css)) <= {"#FFFFFF"}, "only the ground of a logo in the dark is white"


# Hostile text


def with_texts(part, text):
    """A component in which every text says something else; keys, kinds and figures keep theirs."""
    kept = {"kind", "style", "status", "state", "form", "height", "level", "numeric", "narrow", "layout"}
    if isinstance(part, dict):
        return {key: value if key in kept else with_texts(value, text) for key, value in part.items()}
    if isinstance(part, list):
        return [with_texts(item, text) for item in part]
    return text if isinstance(part, str) else part


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_stays_text(text):
    notebook = report()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.data[MIMETYPE] = with_texts(output.data[MIMETYPE], text)
            for content in exhibits(notebook):
                if content["figure"]:
                    content["figure"] = with_texts(figure(), text)
                    content["figure"]["data"][0] |= {"type": "scatter", "y": [1, 2, 3], "mode": "lines"}
    about = dict.fromkeys(ABOUT, text) | {"shelf_link": "x.html", "parameters": {text: text}}
    about |= {"edition": dict.fromkeys(ABOUT["edition"], text), "method": {text: text}}
    html = page.html(notebook, about=about)
    found = soup(html)
    assert proof.faults(html, notebook) == []
    assert found.h1.get_text() == text
    assert len(found.find_all("script")) == 5
    assert not found.find_all("img") and not found.find_all(onerror=True)
    assert [cell.get_text() for cell in found.select("#exhibit-1 tbody tr")[0].find_all(["th", "td"])] == [text] * 2
    for island in found.find_all("script", type="application/json"):
        assert not re.search("[<>&\u2028\u2029]", island.string)
        json.loads(island.string)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_markdown_is_neutral(text):
    notebook = new_notebook(cells=[new_markdown_cell(f"## {text}\n\n{text}\n\n- {text}")])
    html = page.html(notebook, about=ABOUT)
    assert proof.faults(html, notebook) == []
    assert len(soup(html).find_all("script")) == 3
    assert not soup(html).select(".prose img, .prose script, .prose [onmouseover], .prose svg")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[x](javascript:alert(1))", "x (javascript:alert(1))"),
        ("[x](https://example.com/a)", "x (https://example.com/a)"),
        ("[x](//example.com/a)", "x (//example.com/a)"),
        ("https://example.com/a", "https://example.com/a"),
        ("![a picture](https://example.com/a.png)", "a picture"),
        ("```mermaid\n</pre><img src=x onerror=alert(1)>\n```", ""),
        ("<details open ontoggle=alert(1)>x</details>", "<details open ontoggle=alert(1)>x</details>"),
        ("5 < 6 & $7 to $8", "5 < 6 & $7 to $8"),
    ],
)
def test_markdown_leads_nowhere_else_and_runs_nothing(source, expected):
    notebook = new_notebook(cells=[new_markdown_cell(source)])
    html = page.html(notebook, about=ABOUT)
    prose = soup(html).select_one(".prose")
    assert proof.faults(html, notebook) == []
    assert prose.get_text().strip() == expected
    assert not prose.find_all(["a", "img"])


def test_links_within_the_shelf_stay_links():
    notebook = new_notebook(cells=[new_markdown_cell("[Shelf](../index.html) and [below](#section-1)\n\n## Below")])
    links = soup(page.html(notebook, about=ABOUT)).select(".prose a")
    assert [link["href"] for link in links] == ["../index.html", "#section-1"]


# Faults: each breaks one thing


def broken(notebook, text, old, new):
    assert text.count(old) >= 1, f"nothing to break: {old}"
    return proof.faults(text.replace(old, new, 1), notebook)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('id="exhibit-2"', 'id="gone"', "Exhibit 2 (“Recorded theft shows no clear change”) is not in the page."),
        (
            'id="title-3">Three stores',
            'id="title-3">Four stores',
            "Exhibit 3 (“Three stores”) does not show its title.",
        ),
        ('id="chart-1"', 'id="chart-x"', "Exhibit 1 (“Twelve months”) has lost its chart."),
        (
            '<td>4.1</td>',
            '<td>4.2</td>',
            "Exhibit 1 (“Twelve months”) does not show its table: 3 rows, 3 in the notebook.",
        ),
        (
            '<td class="h1">0.5</td>',
            '<td class="h1"></td>',
            "Exhibit 4 (“Friday evenings stand out”) has an empty or incomplete heat map.",
        ),
        ("</main>", "<h1>Again</h1></main>", "The page has 2 main headings (h1) instead of one."),
        ("</main>", '<img src="https://example.com/a.png"></main>', "<img src> leads out of the page"),
        ("</main>", '<a href="//example.com">x</a></main>', "<a href> leads out of the page: //example.com."),
        ("</main>", '<a href="javascript:x()">x</a></main>', "<a href> leads out of the page: javascript:x()."),
        ("</main>", '<p style="color:red">x</p></main>', "<p style> would be refused by the content policy"),
        ("</main>", '<p onclick="x()">x</p></main>', "<p onclick> would be refused by the content policy"),
        ("</main>", "<script>x()</script></main>", "The page holds a script that is not ours"),
        ("</main>", '<meta http-equiv="refresh" content="0"></main>', "The page would load another page by itself."),
        ("</main>", '<body onload="x()"></main>', "some stand where none should"),
        ("</html>", '</html><p onclick="x()">x</p>', "some stand where none should"),
        ("default-src &#39;none&#39;", "default-src *", "The page has no strict content policy."),
        ("<style>", "<style>@import 'x';", "A style sheet in the page asks for an external address."),
        (
            proof.PLOTLY_MARK,
            "* another library (",
            "The page holds plotly.js 0 times; it needs it 1 times.",
        ),
        ("</main>", "x" * proof.LARGEST + "</main>", "bytes; it must stay below 6,000,000."),
    ],
)
def test_a_broken_page_has_a_fault_that_says_what(good, old, new, fault):
    assert any(fault in found for found in broken(*good, old, new))


def test_another_number_in_the_record_than_in_the_notebook_is_a_fault():
    notebook = report()
    exhibits(notebook)[2]["table"]["columns"][1] |= {"name": "value", "values": [4.1, None, 4.4]}
    text = page.html(notebook, about=ABOUT)
    assert proof.faults(text, notebook) == []
    fault = "Exhibit 3 (“Three stores”) has other numbers in the record of the page than in the notebook."
    assert broken(notebook, text, "[4.1,null,4.4]", "[4.1,0,4.4]") == [fault]


def test_plotly_twice_is_a_fault(good):
    notebook, text = good
    again = f"<script>/** {proof.PLOTLY_MARK} */</script></main>"
    assert "The page holds plotly.js 2 times; it needs it 1 times." in broken(notebook, text, "</main>", again)


@pytest.mark.parametrize("text", ["one\r\ntwo\rthree", "form\x0cfeed", "a\x00b\x85c", "  spaced  "])
def test_text_that_html_reads_in_another_way_is_no_fault(text):
    notebook = report()
    rows = [[text, "4.1"], ["September 2026", text]]
    exhibits(notebook)[1] |= {"title": text, "table": exhibit()["table"] | {"rows": rows}}
    html = page.html(notebook, about=ABOUT)
    assert proof.faults(html, notebook) == []


def changed(change):
    """The faults of a page that was made from a notebook with one change."""
    notebook = report()
    change(notebook)
    return proof.faults(page.html(notebook, about=ABOUT), notebook)


@pytest.mark.parametrize("values", [[], [None, None, None]])
def test_a_chart_without_a_point_is_a_fault(values):
    def empty(notebook):
        exhibits(notebook)[1]["figure"] = figure([{"type": "scatter", "x": [1, 2, 3], "y": values}])

    name = "Exhibit 2 (“Recorded theft shows no clear change”)"
    assert changed(empty) == [f"{name} has a chart without a single point."]


def test_a_heat_map_without_a_number_is_a_fault():
    def empty(notebook):
        for row in exhibits(notebook)[3]["heat"]["rows"]:
            row["cells"] = [{"text": "", "level": 0}] * 7

    assert changed(empty) == ["Exhibit 4 (“Friday evenings stand out”) has an empty or incomplete heat map."]


def test_an_exhibit_without_rows_is_a_fault():
    def empty(notebook):
        exhibits(notebook)[2]["table"]["rows"] = []

    assert changed(empty) == ["Exhibit 3 (“Three stores”) has no rows in its table."]


def test_an_error_output_is_a_fault():
    def fail(notebook):
        notebook.cells[4].outputs.append(new_output("error", ename="KeyError", evalue="'region'", traceback=[]))

    assert changed(fail) == ["Cell 5 ended with an error: KeyError: 'region'."]


def test_an_error_that_was_only_printed_is_a_fault():
    def fail(notebook):
        printed = "Traceback (most recent call last):\n  x\nKeyError: 'a'"
        notebook.cells[4].outputs.append(new_output("stream", text=printed))

    assert changed(fail) == ["Cell 5 printed an error: Traceback (most recent call last)."]


def test_the_text_of_an_error_in_an_exhibit_is_a_fault():
    def fail(notebook):
        exhibits(notebook)[1]["words"] = "ValueError: no rows"

    assert changed(fail) == ["“Recorded theft shows no clear change” (cell 5) shows the text of an error."]


def test_a_value_that_is_not_a_number_is_a_fault():
    def fail(notebook):
        exhibits(notebook)[1]["figure"]["data"][0]["y"] = [1.0, float("nan"), 2.0]

    assert changed(fail) == ["“Recorded theft shows no clear change” (cell 5) holds a value that is not a number."]


# Chart, table and words tell the same numbers


def measured_exhibit(**changes):
    """An exhibit as charts make it: its table holds what was measured beside what is written."""
    columns = [
        {"name": "period", "label": "Month", "numeric": False, "values": ["2026-08-01", "2026-09-01", "2026-10-01"]},
        {"name": "value", "label": "Rate", "numeric": True, "values": [4.11, None, 4.38]},
        {"name": "loss", "label": "Loss", "numeric": True, "values": [1234567, 0.12, 987]},
        {"name": "share", "label": "Share", "numeric": True, "values": [0.3412, 0.004, 1]},
    ]
    rows = [
        ["August 2026", "4.1", "$1.2 million", "34 %"],
        ["September 2026", "not known", "$0.12", "under 1 %"],
        ["October 2026", "4.4", "$990", "100 %"],
    ]
    line = {"type": "scatter", "x": ["2026-08-01", "2026-09-01", "2026-10-01"], "y": [4.11, None, 4.38]}
    words = "From 4.1 in August to 4.4 in October 2026; 1 month not known; 3 months in all. 95 % of 10,000 per 100 visits."
    made = exhibit(words=words, figure=figure([line]))
    return made | {"table": made["table"] | {"columns": columns, "rows": rows}} | changes


def disagreeing(change):
    made = measured_exhibit()
    change(made)
    notebook = report()
    notebook.cells[4] = shown(made)
    return [told.split("”) ")[1] for told in proof.faults(page.html(notebook, about=ABOUT), notebook)]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda e: None, None),
        (
            lambda e: e["figure"]["data"][0].update(y=[4.11, None, 4.39]),
            "draws a point at 2026-10-01, 4.39, which is in no row of its table.",
        ),
        (
            lambda e: e["figure"]["data"][0].update(y=[4.38, None, 4.11]),
            "draws a point at 2026-08-01, 4.38, which is in no row of its table.",
        ),
        (
            lambda e: e["figure"]["data"][0].update(x=["2026-08-01", "2026-09-01", "2026-11-01"]),
            "draws a point at 2026-11-01, 4.38, which is in no row of its table.",
        ),
        (lambda e: e["table"]["rows"][0].__setitem__(1, "4.2"), "writes 4.2 in its table where 4.11 was measured."),
        (
            lambda e: e["table"]["rows"][0].__setitem__(2, "$1.3 million"),
            "writes $1.3 million in its table where 1234567 was measured.",
        ),
        (lambda e: e["table"]["rows"][2].__setitem__(2, "$970"), "writes $970 in its table where 987 was measured."),
        (lambda e: e["table"]["rows"][0].__setitem__(3, "35 %"), "writes 35 % in its table where 0.3412 was measured."),
        (
            lambda e: e.update(words="From 4.1 in August to 4.5 in October 2026."),
            "says 4.5 in its words, which is in no row of its table.",
        ),
        (
            lambda e: e.update(words="4.1 in August; 2 months not known."),
            "says 2 in its words, which is in no row of its table.",
        ),
        (
            lambda e: e["figure"]["data"].append({"type": "heatmap", "z": [[1]], "x": [1], "y": [1]}),
            "has a chart of type heatmap, which is not drawn here: use scatter or bar, or show it as a table.",
        ),
        (
            lambda e: e["figure"]["data"].append({"type": "pie", "values": [1], "x": [1], "y": [1]}),
            "has a chart of type pie, which is not drawn here: use scatter or bar, or show it as a table.",
        ),
    ],
)  # fmt: skip
def test_a_number_that_chart_table_and_words_do_not_share_is_a_fault(change, fault):
    told = disagreeing(change)
    assert told[:1] == ([fault] if fault else []), told


def test_places_on_an_axis_are_no_numbers_and_a_band_has_corners_between_rows():
    def ranked(made):
        made["form"] = "ranking"
        made["figure"]["data"] = [{"type": "scatter", "x": [4.11, 4.38], "y": [0, 77]}]

    def banded(made):
        made["figure"]["data"].append({"x": ["2026-08-01", "2026-09-01"], "y": [4.38, 4.38], "fill": "toself"})

    def beside(made):
        made["figure"]["data"].append({"x": ["2026-08-01"], "y": [4.2], "fill": "toself"})

    assert disagreeing(ranked) == disagreeing(banded) == []
    assert disagreeing(beside) == ["draws a point at 2026-08-01, 4.2, which is in no row of its table."]


# The wording rules, held against all that a page says

LOUD = "“It soared.” breaks a wording rule: loud words are no evidence: write rose or fell by how much (95 % a to b)."


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("headline", {"text": "It soared."}),
        ("headline", {"standfirst": "It soared."}),
        ("verdict", {"sentence": "It soared.", "interval": ""}),
        ("verdict", {"meta": "It soared."}),
        ("verdict", {"question": "It soared."}),
        ("exhibit", {"title": "It soared."}),
        ("exhibit", {"subtitle": "It soared."}),
        ("exhibit", {"words": "It soared."}),
        ("exhibit", {"notes": ["It soared."]}),
        ("list", {"items": [{"lead": "", "text": "It soared."}]}),
        ("list", {"title": "It soared."}),
        ("not_recorded", {"sentence": "It soared."}),
        ("about", {"definitions": [{"label": "a", "definition": "It soared.", "unit": "", "name": "a", "id": "a"}]}),
    ],
)
def test_what_breaks_a_wording_rule_is_a_fault_wherever_it_stands(kind, said):
    def loud(notebook):
        shown = [output.data[MIMETYPE] for cell in notebook.cells for output in cell.get("outputs", [])]
        next(content for content in reversed(shown) if content["kind"] == kind).update(said)

    assert changed(loud) == [LOUD]


@pytest.mark.parametrize("source", ["It soared.", "- It soared.", "## It soared.\n\nWords.", "| A |\n|---|\n| It soared. |"])
def test_the_markdown_of_an_author_is_held_to_the_wording_rules(source):
    def loud(notebook):
        notebook.cells[3].source += f"\n\n{source}"

    assert changed(loud) == [LOUD]


def test_names_of_groups_and_quoted_notes_break_no_wording_rule():
    def named(notebook):
        columns = [{"label": "Store", "numeric": False, "name": "store"}, {"label": "Rate", "numeric": True}]
        table = {"caption": "Rate", "columns": columns, "rows": [["Soaring Gifts", "4.1"]], "notes": []}
        said = {"words": "Highest Soaring Gifts 4.1.", "notes": ["1 May 2026: prices soared."]}
        exhibits(notebook)[2].update(table=table, measured={"by": ["store"]}, **said)
        notebook.cells[-1].outputs[-1].data[MIMETYPE]["quoted"] = ["prices soared"]

    assert changed(named) == []


def test_a_month_that_may_still_change_is_called_provisional():
    def late(notebook):
        exhibits(notebook)[1]["table"]["rows"][-1][0] = "October 2026 p"

    rule = "breaks a wording rule: October 2026 may still change; say that it is provisional."
    assert changed(late) == [f"“From 4.1 in August to 4.4 in October 2026.” {rule}"]


# The page of a run that did not publish

Ended = namedtuple("Ended", "title end seconds")


def failure(**changes):
    given = {"months": "24"}
    end = changes.get("end", "failed")
    typed = advice.command("theft_trends", given, warehouse=None, batch=None)
    return page.failure(**{
        "about": ABOUT, "end": end, "reason": "Killed.", "seconds": 3.2, "attempts": 1, "rest": [],
        "where": "Cell 6 of theft_trends.ipynb, under “Is theft rising?”",
        "parameters": advice.origins(ABOUT["parameters"], given, batch=None), "steps": advice.steps(end, typed),
    } | changes)  # fmt: skip


def test_every_end_has_something_of_its_own_to_do():
    told = {end: [step.get_text() for step in soup(failure(end=end)).select(".steps li")] for end in page.ENDS}
    firsts = [steps[0] for steps in told.values()]
    assert len(set(firsts)) == len(firsts) == 5 and all("retail-analytics publish" in steps[-1] for steps in told.values())


def test_what_is_typed_to_run_it_again_is_the_request_or_the_rest_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"scope": "North Shore"}
    typed = advice.command("weekly", given, warehouse=tmp_path / "data/shop", batch=None)
    assert typed == "retail-analytics publish weekly -p 'scope=North Shore' --warehouse data/shop"
    assert advice.command("weekly", given, warehouse="x", batch="b-1") == "retail-analytics run --resume b-1"
    assert advice.origins({"scope": "North", "months": 3}, {"scope": "Nrth"}, batch="b-1") == [
        ("scope", "North", "the pack, as Nrth"), ("months", 3, "the notebook's default"),
    ]  # fmt: skip


def test_a_failure_page_says_what_where_and_what_to_use():
    text = failure(
        reason="KeyError: <region>",
        log="\n".join(f"line {number}" for number in range(100)) + "\n\x1b[31mKeyError\x1b[0m: <region>",
        last_good=run(month="2026-09", page="example_grocers/theft_trends/2026-09.html"),
        rest=[Ended("Theft trends", "published", 3), Ended("Theft trends", "late", 4), Ended("Growth", "published", 5)],
        notebook="2026-10.failed.ipynb",
    )
    found = soup(text)
    assert found.select_one(".verdict-line").get_text() == "Not produced"
    assert found.h1.get_text() == "Theft trends for October 2026 was not produced"
    assert "KeyError: <region>" in found.main.get_text()
    assert "Cell 6 of theft_trends.ipynb, under “Is theft rising?”" in found.main.get_text()
    assert found.select_one("a.go")["href"] == "2026-09.html"
    assert "Use the page of September 2026" in found.main.get_text() and "22 Nov 2026" in found.main.get_text()
    log = found.select_one(".log").get_text().strip().splitlines()
    assert (len(log), log[0], log[-1]) == (30, "line 71", "KeyError: <region>")
    sections = {head.get_text(): head.parent for head in found.main.select("h2")}
    assert [*sections] == ["What happened", "Where", "What to do", "With which parameters", "The rest of the run", "End of the log"]
    cells = {name: [[cell.get_text() for cell in row.select("th, td")] for row in one.select("tr")] for name, one in sections.items()}
    assert cells["With which parameters"] == [
        ["Parameter", "Value", "From"],
        ["last_month", "2026-10", "newest complete month"],
        ["months", "24", "the request"],
        ["scope", "all", "the notebook's default"],
    ]
    assert [row[1] for row in cells["The rest of the run"][1:]] == ["1 published, 1 late", "1 published"]
    assert cells["Where"][-1] == ["As executed", "2026-10.failed.ipynb"]
    assert sections["What to do"].select("li")[-1].code.get_text() == "retail-analytics publish theft_trends -p months=24"
    assert "30 of 101 lines" in sections["End of the log"].get_text()
    assert proof.faults(text, new_notebook()) == []


def test_a_failure_page_without_an_earlier_page_says_so():
    text = failure(end="refused", reason="No data.")
    assert "There is no earlier page" in text
    assert not soup(text).select("a.go")


# The shelf


def run(**changes):
    return {
        "run": "20261122T140501-ab12",
        "batch": None,
        "shelf": "Example Grocers",
        "warehouse": "example_grocers",
        "report": "theft_trends",
        "title": "Theft trends",
        "month": "2026-10",
        "scope": "all",
        "end": "published",
        "reason": None,
        "page": "example_grocers/theft_trends/2026-10.html",
        "failure_page": None,
        "headline": "No clear change",
        "started": "2026-11-22T14:05:01",
        "seconds": 3.2,
        "parameters": {},
        "snapshot": "20261114T060012",
        "bytes": 1_290_000,
    } | changes


def put(folder, *runs):
    """Runs on a shelf, with a file for each page they name."""
    for one in runs:
        for name in filter(None, (one["page"], one["failure_page"])):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("page")
        record.append(folder, one)
    return soup(shelf.index(folder).read_text(encoding="utf-8"))


def test_the_index_lists_the_newest_pages_that_exist_by_relative_links(tmp_path):
    september = run(run="s", month="2026-09", page="example_grocers/theft_trends/2026-09.html", headline="Quiet")
    north = run(run="n", scope="North Shore", page="example_grocers/theft_trends/2026-10-North Shore.html")
    found = put(tmp_path, september, run(), north)
    assert sorted({link["href"] for link in found.select("main a")}) == [
        "example_grocers/theft_trends/2026-09.html",
        "example_grocers/theft_trends/2026-10-North%20Shore.html",
        "example_grocers/theft_trends/2026-10.html",
        "months/2026-09.html",
        "months/2026-10.html",
    ]
    assert [month.get_text() for month in found.select(".months summary b")] == ["October 2026"]
    assert found.select_one(".front h3").get_text() == "No clear change"
    assert found.h1.get_text() == "October 2026: what the reports say"
    assert proof.faults(str((tmp_path / "index.html").read_text()), new_notebook()) == []


def test_a_month_has_a_page_with_all_of_it_and_what_was_superseded(tmp_path):
    first = run(run="a", notebook="example_grocers/theft_trends/2026-10.ipynb")
    put(tmp_path, first)
    record.supersede(tmp_path, first)
    put(tmp_path, run(run="b", started="2026-11-24T06:00:00"))
    text = (tmp_path / "months/2026-10.html").read_text()
    assert {link["href"] for link in soup(text).select("main a")} == {
        "../example_grocers/theft_trends/2026-10.html",
        "../example_grocers/theft_trends-superseded/2026-10-a.html",
        "../index.html",
    }
    assert "Superseded" in soup(text).select(".months tbody tr")[1].get_text() and "Made 22 Nov 2026" in soup(text).get_text() and proof.faults(text, new_notebook()) == []


def test_only_months_in_which_something_was_run_are_written_again(tmp_path):
    put(tmp_path, run(run="s", month="2026-09", page="example_grocers/theft_trends/2026-09.html"), run(run="a"))
    before = [(tmp_path / f"months/2026-{month}.html").stat().st_mtime_ns for month in ("09", "10")]
    put(tmp_path, run(run="b"))
    after = [(tmp_path / f"months/2026-{month}.html").stat().st_mtime_ns for month in ("09", "10")]
    assert after[0] == before[0] and after[1] > before[1]


def test_the_newest_run_counts_and_a_failed_one_stands_first_with_the_last_good_page(tmp_path):
    failed = run(
        run="f",
        end="failed",
        reason="Visits are missing.",
        failure_page="example_grocers/theft_trends/2026-10.failed.html",
        started="2026-11-23T06:00:00",
    )
    found = put(tmp_path, run(), failed)
    alarm = found.select_one(".alarm")
    assert "Failed" in alarm.get_text() and "Visits are missing." in alarm.get_text()
    assert [link["href"] for link in alarm.select("a")] == [
        "example_grocers/theft_trends/2026-10.html",
        "example_grocers/theft_trends/2026-10.failed.html",
    ]
    assert not found.select(".front article")
    found = put(tmp_path, run(run="g", started="2026-11-23T07:00:00"))
    assert not found.select(".alarm") and len(found.select(".front article")) == 1


def test_the_last_good_page_may_be_of_an_earlier_month(tmp_path):
    september = run(run="s", month="2026-09", page="example_grocers/theft_trends/2026-09.html")
    found = put(tmp_path, september, run(end="late", page=None, reason="Too slow."))
    assert "Last good page: September 2026" in found.select_one(".alarm").get_text()
    assert "Late" in found.select_one(".alarm").get_text()


def test_a_page_that_is_gone_or_outside_is_not_linked(tmp_path):
    put(tmp_path, run(), run(scope="Valley", page="../outside.html"))
    (tmp_path / "example_grocers/theft_trends/2026-10.html").unlink()
    found = soup(shelf.index(tmp_path).read_text())
    assert {link["href"] for link in found.select("main a")} == {"months/2026-10.html"}
    assert "The page is no longer on the shelf." in found.main.get_text()


def test_shelves_are_told_apart_and_hostile_headlines_stay_text(tmp_path):
    other = run(shelf="Other <b>Shop</b>", warehouse="other", page="other/x.html", headline=HOSTILE[1])
    found = put(tmp_path, run(), other)
    assert [head.get_text() for head in found.select(".shelf-of > h2")] == ["Example Grocers", "Other <b>Shop</b>"]
    assert HOSTILE[1] in found.main.get_text() and not found.find_all("img")


def test_an_empty_shelf_and_a_torn_line_are_said(tmp_path):
    assert "Nothing has been run yet." in shelf.index(tmp_path).read_text()
    (tmp_path / record.RUNS).write_text('{"run": "cut of')
    found = put(tmp_path, run())
    assert len(found.select(".months tbody tr")) == 1
    assert "1 lines of runs.jsonl could not be read." in found.footer.get_text()


def test_appending_side_by_side_keeps_every_line_whole(tmp_path):
    records = [run(run=str(number), headline="x" * 5000) for number in range(40)]
    threads = [threading.Thread(target=record.append, args=(tmp_path, one)) for one in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (tmp_path / record.RUNS).read_text().splitlines()
    assert sorted(json.loads(line)["run"] for line in lines) == sorted(one["run"] for one in records)


def test_the_newest_page_is_the_one_that_stands_there(tmp_path):
    put(tmp_path, run(run="a"), run(run="b", end="failed", started="2026-11-23T00:00:00"))
    assert record.newest_page(tmp_path, run())["run"] == "a"
    assert record.newest_page(tmp_path, run(month="2026-09")) is None


def test_months_and_days_that_are_none_are_shown_as_given():
    assert page.edition(ABOUT | {"month": "October", "as_known": date(2026, 11, 14)}) == [
        "October",
        "all regions",
        "as known 14 Nov 2026",
    ]


# In a browser


@pytest.fixture(scope="module")
def file(good, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(good[1], encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, file):
    """A function that opens the page in a new window: (the window, its requests, its complaints)."""
    contexts = []

    def open_(path=file, **settings):
        contexts.append(browser.new_context(**settings))
        window = contexts[-1].new_page()
        requests, complaints = [], []
        window.on("request", lambda request: requests.append(request.url))
        window.on("console", lambda message: complaints.append(message.text))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.goto(path.as_uri())
        return window, requests, complaints

    yield open_
    for context in contexts:
        context.close()


def line_colour(window):
    return window.eval_on_selector("#chart-2 .js-line", "line => getComputedStyle(line).stroke")


def test_every_chart_is_drawn_and_nothing_is_asked_for(opened, file):
    window, requests, complaints = opened(viewport={"width": 1440, "height": 900})
    window.wait_for_selector("html[data-charts=done]")
    for number in (1, 2):
        box = window.locator(f"#chart-{number}").bounding_box()
        assert box["width"] > 300 and box["height"] > 100
        assert window.locator(f"#chart-{number} svg path.js-line").count() >= 1
    assert window.locator(".contents a").first.is_visible()
    assert requests == [file.as_uri()]
    assert complaints == []


def test_a_table_is_saved_as_csv_in_which_nothing_is_a_formula(opened, tmp_path):
    notebook = report()
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1+1", "\r=1", "\u2212=1", "\u00a0=1", "-",
             "\u22123.2", "-1,234.5", "+4\u00a0%", "4.1", "3.8 to 4.9", 'say "hi", =1', "two\nlines"]  # fmt: skip
    table = exhibits(notebook)[2]["table"]
    table["columns"][0]["label"] = "=1+1"
    table["rows"] = [[cell, "1"] for cell in cells]
    path = tmp_path / "page.html"
    path.write_text(page.html(notebook, about=ABOUT), encoding="utf-8")
    window, _, complaints = opened(path)
    with window.expect_download() as saving:
        window.eval_on_selector("[data-save=csv][data-of=exhibit-3]", "button => button.click()")
    saved = Path(saving.value.path()).read_bytes().decode("utf-8-sig")
    assert saving.value.suggested_filename == "theft_trends-2026-10-exhibit-3.csv" and complaints == []
    assert list(csv.reader(io.StringIO(saved, newline=""))) == [
        ["'=1+1", "Rate"],
        *([cell, "1"] for cell in [
            "'=1+1", "'+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0", "'@SUM(1)", "'=1+1", "'=1", "'-=1", "'=1", "'-",
            "-3.2", "-1,234.5", "+4 %", "4.1", "3.8 to 4.9", 'say "hi", =1', "two\nlines"]),
    ]  # fmt: skip


def test_texts_in_a_chart_stay_text(opened, tmp_path):
    notebook = report()
    text = '<a href="https://example.com">Shop</a> <b>& <span style="color:red">Co</span></b>'
    exhibits(notebook)[1]["figure"]["layout"]["annotations"] = [{"text": text, "x": "2026-09", "y": 4}]
    path = tmp_path / "page.html"
    path.write_text(page.html(notebook, about=ABOUT), encoding="utf-8")
    window, requests, complaints = opened(path)
    window.wait_for_selector("html[data-charts=done]")
    assert window.locator("#chart-2 .annotation-text").text_content() == text
    assert window.locator("#chart-2 a").count() == 0
    assert len(requests) == 1 and complaints == []


def test_charts_follow_the_colour_scheme(opened):
    window, _, complaints = opened(color_scheme="light")
    window.wait_for_selector("html[data-charts=done]")
    assert line_colour(window) == "rgb(21, 33, 43)"
    window.emulate_media(color_scheme="dark")
    window.wait_for_timeout(200)
    assert line_colour(window) == "rgb(239, 236, 228)"
    assert complaints == []


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_scrolls_down_only_even_with_every_table_open(opened, width):
    window, _, complaints = opened(viewport={"width": width, "height": 780})
    window.wait_for_selector("html[data-charts=done]")
    window.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    assert window.evaluate("document.documentElement.scrollWidth") == width
    assert window.locator("#chart-2").bounding_box()["height"] == 200
    assert complaints == []


def test_the_shelf_and_the_failure_page_fit_a_phone(opened, tmp_path):
    put(tmp_path, run(), run(scope="Valley", end="failed", reason="Visits are missing.", page=None))
    text = failure(end="died", log="x" * 300, last_good=run())
    (tmp_path / "failed.html").write_text(text, encoding="utf-8")
    for name in ("index.html", "failed.html"):
        window, requests, complaints = opened(tmp_path / name, viewport={"width": 360, "height": 780})
        assert window.evaluate("document.documentElement.scrollWidth") == 360
        assert len(requests) == 1 and complaints == []


def test_the_shelf_can_be_searched(opened, tmp_path):
    more = {"end": "failed", "reason": "Theft rose too late", "page": None}
    put(tmp_path, run(), run(scope="Valley", **more))
    window, _, complaints = opened(tmp_path / "index.html")
    window.fill("#find", "valley rose")
    assert window.locator("#found").inner_text() == "1 report of 2"
    assert window.locator(".months tbody tr:visible").count() == 1
    window.fill("#find", "")
    window.select_option("#state", "failed")
    assert window.locator("#found").inner_text() == "1 report of 2" and window.url.endswith("#state=failed")
    window.select_option("#state", "")
    window.fill("#find", "valley")
    window.select_option("#month", label="October 2026")
    window.wait_for_url("**/months/2026-10.html#find=valley")
    assert window.locator("#found").inner_text() == "1 report of 2" and window.input_value("#find") == "valley"
    window.go_back()
    assert window.locator("#month option:checked").inner_text() == "Newest"
    assert window.locator("#found").inner_text() == "1 report of 2"
    assert complaints == []


def test_what_was_superseded_can_be_asked_for_in_its_month(opened, tmp_path):
    first = run(run="a", notebook="example_grocers/theft_trends/2026-10.ipynb")
    put(tmp_path, first)
    record.supersede(tmp_path, first)
    put(tmp_path, run(run="b"), run(scope="Valley", page="example_grocers/v.html"))
    window, _, complaints = opened(tmp_path / "months/2026-10.html")
    assert window.locator(".months tbody tr:visible").count() == 3
    window.select_option("#state", "superseded")
    assert window.locator(".months tbody tr:visible").count() == 1 and complaints == []
    window.select_option("#month", label="Newest")
    window.wait_for_url("**/index.html#state=superseded")


def test_conclusions_in_front_lead_to_earlier_months_and_of_many_failures_the_newest_stand_first(tmp_path):
    months = [f"2026-{month:02}" for month in range(5, 11)]
    put(tmp_path, *(run(run=m, month=m, page=f"example_grocers/theft_trends/{m}.html") for m in months))
    many = [run(run=f"f{n:02}", scope=f"{n:04}", end="failed", reason="No.", page=None) for n in range(15)]
    found = put(tmp_path, *many)
    assert [link.get_text() for link in found.select(".story .meta a")] == ["September 2026", "August 2026", "July 2026"]
    alarms = [alarm.get_text() for alarm in found.select(".alarm")]
    assert len(alarms) == 13 and "0014" in alarms[0] and "3 more, each marked in the list." in alarms[-1]
    rows = [row["data-state"] for row in found.select(".months tbody tr")]
    assert rows == ["failed"] * 15 + ["published"]


def test_it_prints_on_a4_in_light_colours_from_a_dark_screen(opened, tmp_path):
    window, _, complaints = opened(color_scheme="dark")
    window.wait_for_selector("html[data-charts=done]")
    window.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert line_colour(window) == "rgb(21, 33, 43)"
    window.evaluate("dispatchEvent(new Event('afterprint'))")
    assert line_colour(window) == "rgb(239, 236, 228)"
    printed = window.pdf(path=tmp_path / "page.pdf", format="A4", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF") and len(printed) > 20_000
    assert re.search(rb"/MediaBox \[0 0 59[45](\.\d+)? 84[12]", printed)
    assert complaints == []


def test_without_script_words_and_tables_are_there(opened):
    window, _, _ = opened(java_script_enabled=False)
    assert window.locator("#words-2").is_visible()
    assert window.locator("#exhibit-2 table.data").is_visible()
    assert not window.locator("#chart-2").is_visible()


def test_a_chart_that_cannot_be_drawn_leaves_its_words_and_the_others(opened, tmp_path):
    notebook = report()
    # plotly.js 4.1.1 throws at such a shape
    exhibits(notebook)[0]["figure"]["layout"]["shapes"] = [
        {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "y0": 4, "y1": 4, "layer": "between"}
    ]
    path = tmp_path / "page.html"
    path.write_text(page.html(notebook, about=ABOUT), encoding="utf-8")
    window, _, _ = opened(path)
    window.wait_for_selector("html[data-charts=done]")
    assert window.locator("#chart-2 svg path.js-line").count() >= 1
    assert window.locator("#words-1").is_visible() and not window.locator("#chart-1").is_visible()
    assert window.locator("#exhibit-1 table.data").is_visible()


def test_a_click_saves_the_table(opened):
    window, _, complaints = opened()
    window.wait_for_selector("html[data-charts=done]")
    window.click("#exhibit-2 summary")
    with window.expect_download() as download:
        window.click("#exhibit-2 [data-save=csv]")
    saved = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert saved == ['"Month","Rate"', '"August 2026","4.1"', '"September 2026","not known"', '"October 2026","4.4"']
    assert complaints == []


def test_a_standfirst_does_not_repeat_the_headline_or_the_first_verdict():
    def standfirst(text):
        top = shown({"kind": "headline", "text": "Readiness is 48.", "standfirst": text})
        made = soup(page.html(new_notebook(cells=[top, shown(verdict(None))]), about=ABOUT))
        return [part.get_text() for part in made.select(".standfirst")]

    assert standfirst("Readiness is 48. The weakest is detection.") == ["The weakest is detection."]
    assert standfirst("Recorded theft shows no clear change.") == []


def test_an_empty_section_has_no_heading_and_a_dated_note_stands_once_in_a_section():
    table = exhibit("Three stores", form="table", figure=None, height=None)
    cells = [new_markdown_cell("## Where?"), shown(exhibit(), exhibit("Again"), table), new_markdown_cell("## About")]
    made = soup(page.html(new_notebook(cells=cells), about=ABOUT))
    assert [head.get_text() for head in made.select(".section > h2")] == ["Where?"]
    assert [len(foot.select(".note")) for foot in made.select(".foot")] == [1, 1, 0]


def test_a_report_as_it_was_known_stands_beside_the_newest_and_not_in_its_place(tmp_path):
    known = {"page": "example_grocers/theft_trends/2026-10-known-2026-10-31.html", "parameters": {"known_by": "2026-10-31"}}
    index = put(tmp_path, run(), run(**known, headline="As it was")).get_text(" ", strip=True)
    assert "all regions, as known on 31 Oct 2026" in index and "No clear change" in index and "2 published" in index
    assert record.newest_page(tmp_path, run())["page"] == "example_grocers/theft_trends/2026-10.html"
