"""What a reader chooses on a chapter page: a region or a store format, from what the file itself holds."""

import json
import re
import subprocess
from itertools import chain
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from retail_analytics.errors import UnknownName
from retail_analytics.publishing import choices, islands, page, parameters, proof
from retail_analytics.publishing.forms import COMPLETE, Form
from retail_analytics.publishing.run import Limits, publish

ABOUT = {"title": "Weekly", "organisation": "Toy", "report": "weekly", "month": "2049-12", "scope": "all"}
HOSTILE = '<img src=x onerror=alert(1)> "\'&<script>alert(2)</script>'
FILTERS = 'filters: str = "region, store_format"  # what a reader can choose: region, store_format, or none'
SAYS = """from retail_analytics import exhibits
exhibits.points("Of", [f"This is about {scope}."])"""
HELD = re.compile(r'<script type="application/json" id="choices">(.*?)</script>')
PARTS = ["opening", "contents", "body", "terms"]
CHANGES = """() => document.querySelectorAll("#changes, a[href$='#changes']").forEach(one => (one.closest("li") || one).remove())"""
SHOWN = """parts => ({title: document.title, edition: document.querySelector(".edition").textContent,
    texts: parts.map(part => document.getElementById("shown-" + part).textContent.replace(/\\s+/g, " ").trim()),
    facts: [...document.querySelectorAll("#shown-facts dt, #shown-facts dd")].map(one => one.textContent),
    charts: [...document.querySelectorAll(".plot")].map(box => [box.ariaLabel, JSON.stringify(box.data)])})"""


@pytest.fixture(scope="module")
def shelf(retailer, tmp_path_factory) -> dict[str, Path]:
    """Theft trends with its choices, and the own reports of two of them, by scope."""
    folder = tmp_path_factory.mktemp("shelf")
    scopes = ("all", retailer.regions[0], next(iter(retailer.formats)))
    runs = {scope: publish("theft_trends", {"scope": scope, "months": 14}, warehouse=retailer.path.parent, reports_dir=folder)
            for scope in scopes}  # fmt: skip
    assert [run.end for run in runs.values()] == ["published"] * 3, [run.reason for run in runs.values()]
    return {scope: folder / run.page for scope, run in runs.items()}


def drawn(tab, scope: str | None = None) -> None:
    shown = f"[data-shown={json.dumps(scope)}]" if scope else ""
    tab.wait_for_selector(f"html[data-charts=done]{shown}", state="attached", timeout=20_000)


def choose(tab, scope: str) -> None:
    tab.select_option("#filter", scope)
    drawn(tab, scope)


@pytest.fixture
def weekly(notebooks, given, tmp_path):
    """A report of one cell with two regions and two formats; call it with the cell and what the run may take."""
    shop = given(
        stores="store_id | region | store_format\n0001 | North | express\n0002 | South | large",
        incidents="incident_id | store_id | kind | occurred_on\nI1 | 0001 | theft | 2049-12-03",
    )

    def run(cell: str, *, values: dict | None = None, form: Form = COMPLETE, **limits):
        notebooks("weekly", cell, FILTERS)
        asked = {"warehouse": shop.path.parent, "reports_dir": tmp_path / "shelf", "again": True, "form": form}
        return publish("weekly", values, limits=Limits(**limits), **asked)

    return run


def test_a_choice_shows_what_the_report_of_the_choice_shows(opened, shelf, retailer):
    whole = opened(shelf["all"])
    offered = [option.get_attribute("value") for option in whole.locator("#filter option").all()]
    assert offered == ["all", *retailer.regions, *retailer.formats]
    of_all = whole.evaluate(SHOWN, PARTS)
    for scope in list(shelf)[1:]:
        choose(whole, scope)
        own = opened(shelf[scope])
        own.evaluate(CHANGES)  # since the last report: a choice had none
        seen, expected = whole.evaluate(SHOWN, PARTS), own.evaluate(SHOWN, PARTS)
        differs = [one for one, other in zip(seen.pop("facts"), expected.pop("facts"), strict=True) if one != other]
        assert [len(one) for one in differs] == [20], f"but for the run that made it: {differs}"
        assert seen == expected
        assert len(seen["charts"]) > 3 and seen["texts"] != of_all["texts"]
        told = whole.locator("#filtered").text_content()
        assert own.locator("h1").text_content() in told and scope in told
    choose(whole, "all")
    assert whole.evaluate(SHOWN, PARTS) == of_all


def test_the_address_keeps_the_choice(opened, shelf):
    _, region, kind = shelf
    tab = opened(shelf["all"], f"#scope={kind}")
    assert tab.locator("#filter").input_value() == kind and kind in tab.title()
    choose(tab, region)
    assert tab.url.endswith(f"#scope={region}")
    tab.locator(".contents a").nth(2).click()
    tab.wait_for_selector("#section-3:focus")
    assert tab.url.endswith(f"#scope={region}&at=section-3") and region in tab.title()
    tab.go_back()
    tab.go_back()
    drawn(tab, kind)
    assert tab.locator("#filter").input_value() == kind
    tab.go_forward()
    drawn(tab, region)
    assert tab.locator("#filter").input_value() == region
    nowhere = opened(shelf["all"], "#scope=Nowhere")
    assert nowhere.locator("#filtered").text_content() == "There is no Nowhere to choose here: all is shown."
    assert nowhere.locator("#filter").input_value() == "all" and nowhere.locator("main").is_visible()
    plain = opened(shelf["all"], "#section-3", reduced_motion="reduce")  # or it is still on its way there
    assert plain.locator("#filter").input_value() == "all" and plain.locator("#section-3").bounding_box()["y"] < 600
    chosen = opened(shelf["all"], f"#scope={region}&at=section-3", reduced_motion="reduce")
    assert chosen.locator("#section-3").bounding_box()["y"] < 600 and region in chosen.title()


def test_what_is_printed_and_saved_is_what_is_chosen(opened, shelf, tmp_path):
    _, region, kind = shelf
    tab = opened(shelf["all"], f"#scope={region}")
    tab.pdf(path=tmp_path / "page.pdf")
    said = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True).stdout
    flat, headline = " ".join(said.split()), " ".join(tab.locator("h1").text_content().split())
    assert headline in flat and f"· {region} ·" in flat and f"region {region}" in flat
    assert kind not in flat and "Show All" not in flat and "all regions" not in flat, "nor at the foot of a page"
    tab.locator("#exhibit-1 .twin summary").click()
    with tab.expect_download() as saving:
        tab.locator("#exhibit-1 [data-save=csv]").click()
    saved = Path(saving.value.path()).read_text(encoding="utf-8-sig")
    assert region in saving.value.suggested_filename
    rows = tab.locator("#exhibit-1 table.data tr").count()
    newest = tab.locator("#exhibit-1 tbody tr").last.locator("td").first.text_content()
    assert saved.count("\n") == rows and newest in saved


def test_without_javascript_all_is_there_and_nothing_to_choose(opened, shelf):
    tab = opened(shelf["all"], f"#scope={list(shelf)[1]}", java_script_enabled=False)
    assert not tab.locator("#filter").is_visible() and tab.locator("main h1").is_visible()
    assert "all regions" in tab.locator(".edition").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_choice_fits_a_phone_in_any_light(opened, shelf, scheme):
    _, region, kind = shelf
    phone = opened(shelf["all"], viewport={"width": 360, "height": 800}, color_scheme=scheme)
    choose(phone, kind)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    box = phone.locator("#filter").bounding_box()
    assert box["height"] >= 24 and box["x"] >= 0 and box["x"] + box["width"] <= 360
    ink = phone.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink')")
    r, g, b = (int(ink.strip()[n : n + 2], 16) for n in (1, 3, 5))
    assert phone.locator(f"#chart-1 [style*='rgb({r}, {g}, {b})']").count() > 0, "drawn in the colours of the page"


def test_a_choice_is_made_by_keyboard_and_keeps_its_place(opened, shelf, retailer):
    tab = opened(shelf["all"])
    tab.locator("#filter").focus()
    tab.keyboard.press("ArrowDown")
    drawn(tab, retailer.regions[0])
    assert tab.evaluate("document.activeElement.id") == "filter"
    assert tab.get_by_label("Show", exact=True).input_value() == retailer.regions[0]


def test_names_of_choices_are_text(opened, notebooks, given, tmp_path):
    stores = f'store_id | region | store_format\n0001 | {HOSTILE} | "quoted" & <b>\n0002 | South | large'
    incidents = "incident_id | store_id | kind | occurred_on\nI1 | 0001 | theft | 2049-12-03"
    shop = given(stores=stores, incidents=incidents)
    notebooks("weekly", SAYS, FILTERS)
    run = publish("weekly", warehouse=shop.path.parent, reports_dir=tmp_path / "shelf")
    assert run.end == "published", run.reason
    tab = opened(tmp_path / "shelf" / run.page)
    tab.select_option("#filter", HOSTILE)
    tab.wait_for_selector(".list li:has-text('img src')")
    assert f"This is about {HOSTILE}." in tab.locator(".list").text_content() and tab.locator("img").count() == 0
    assert HOSTILE in tab.title() and HOSTILE in tab.locator(".edition").text_content()
    again = opened(tmp_path / "shelf" / run.page, tab.evaluate("location.hash"))
    again.wait_for_selector(".list li:has-text('img src')")


def test_a_page_can_be_made_again_from_its_notebook(shelf):
    kept = nbformat.read(shelf["all"].with_suffix(".ipynb"), as_version=4)
    html = shelf["all"].read_text(encoding="utf-8")
    assert proof.faults(html, kept) == []
    made = page.html(kept, about=ABOUT | {"title": "Theft trends"})
    bodies = [[shown["body"] for shown in choices.apart(islands.read(HELD.search(one)[1]))] for one in (html, made)]
    assert bodies[0] == bodies[1] and len(bodies[0]) > 5


def test_who_asks_for_no_filter_has_none(weekly, tmp_path):
    def names(run):
        text = BeautifulSoup((tmp_path / "shelf" / run.page).read_text(encoding="utf-8"), "html.parser")
        return [option.get("value") for option in text.select("#filter option")], bool(text.select("#choices"))

    assert names(weekly(SAYS)) == (["all", "North", "South", "express", "large"], True)
    assert names(weekly(SAYS, values={"filters": "store_format"})) == (["all", "express", "large"], True)
    for values in ({"filters": "none"}, {"scope": "North"}, {"scope": "express"}):
        assert names(weekly(SAYS, values=values)) == ([], False), values
    with pytest.raises(UnknownName, match="Unknown filter of weekly 'regions'. Did you mean 'region'?"):
        weekly(SAYS, values={"filters": "regions, store_format"})


def test_what_is_one_or_too_many_is_not_offered(given):
    def offered(regions: int) -> list[str]:
        stores = "\n".join(f"{n:04} | Region {n % regions} | one" for n in range(60))
        shop = given(stores=f"store_id | region | store_format\n{stores}")
        return [one.name for one in choices.offered(shop, "weekly", {"scope": "all", "filters": "region, store_format"})]

    assert (offered(1), offered(2), len(offered(24)), offered(25)) == ([], ["Region 0", "Region 1"], 24, [])


@pytest.mark.parametrize(
    ("cell", "limits", "end", "reason"),
    [
        ("assert scope != 'South', 'of the south'", {}, "failed", "For region South: AssertionError: of the south"),
        ("import os\nscope == 'express' and os._exit(0)", {}, "died", "For store format express: The kernel was killed"),
        ("import time\nscope == 'North' and time.sleep(60)", {"seconds": 4}, "late", "For region North: It ran longer than 4 seconds."),
        ("print('Traceback (most recent call last)' * (scope == 'large'))", {}, "unsafe", "For large: Cell 5 printed an error"),
    ],
)  # fmt: skip
def test_a_run_that_fails_in_a_choice_fails_and_names_it(weekly, tmp_path, cell, limits, end, reason):
    run = weekly(f"{SAYS}\n{cell}", **limits)
    assert (run.end, run.page) == (end, None) and run.reason.startswith(reason), run.reason
    told = (tmp_path / "shelf" / run.failure_page).read_text(encoding="utf-8")
    if end != "unsafe":
        assert "Cell 4 of weekly.ipynb, under “The only section”" in told


def test_a_choice_that_is_damaged_is_found(shelf):
    kept = nbformat.read(shelf["all"].with_suffix(".ipynb"), as_version=4)
    html = shelf["all"].read_text(encoding="utf-8")
    held = HELD.search(html)[0]

    def faults(change) -> list[str]:
        shown = choices.apart(islands.read(HELD.search(html)[1]))
        change(shown[1])
        return proof.faults(html.replace(held, islands.folded("choices", choices.side_by_side(shown))), kept)

    def edit(part: str, old: str, new: str):
        def change(shown):
            pieces = [piece.replace(old, new, 1) for piece in shown[part]]
            assert pieces != shown[part]
            shown[part] = pieces

        return change

    title = next(one["title"] for one in chain.from_iterable(map(outlined, choices.held_in(kept))))
    assert faults(lambda shown: None) == []
    for change, fault in (
        (edit("body", 'class="title"', 'class="title" onclick="x"'), "would be refused by the content policy"),
        (edit("body", "<td", "<td>9</td><td"), "does not show its table"),
        (edit("opening", "<h1", "<h1>Two</h1><h1"), "2 main headings"),
        (edit("contents", 'href="#', 'href="https://elsewhere/#'), "leads out of the page"),
        (lambda shown: shown["charts"].pop(), "has lost its chart"),
    ):
        assert any(fault in one and one.startswith("For ") for one in faults(change)), (fault, title)
    assert proof.faults(html.replace("<option", "<opt", 1), kept)


def outlined(held) -> list[dict]:
    return [content for cell in held[1].cells for content in proof.components(cell) if content["kind"] == "exhibit"]


def test_the_chapters_offer_filters_and_the_summary_does_not():
    told = {name: parameters.report(name).parameters for name in parameters.reports()}
    assert {name for name, known in told.items() if choices.PARAMETER in known} == {*told} - {"executive_summary"}
