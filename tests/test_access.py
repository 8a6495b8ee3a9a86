"""For every reader: axe-core finds nothing on any kind of page, keys reach everything, and charts can be heard."""

import html
from itertools import pairwise
from pathlib import Path

import pytest

from retail_analytics.publishing import islands
from retail_analytics.publishing.run import Limits, publish

HERE = Path(__file__).parent
SHELF = HERE.parent / "reports" / "published"
AXE = (HERE / "axe" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHECK = """rules => axe.run({runOnly: rules, resultTypes: ["violations"]}).then(found => found.violations.map(
    one => one.id + ": " + one.nodes.map(node => node.target + " " + node.failureSummary).join("; ").slice(0, 400)))"""


@pytest.fixture(scope="module")
def every_kind(retailer, tmp_path_factory) -> dict[str, Path]:
    """A page of each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    store = sorted(retailer.stores)[0]
    run = publish("theft_trends", {"scope": store, "months": 24}, warehouse=retailer.path.parent, reports_dir=folder)
    assert run.end == "published", run.reason
    late = publish("iot_growth", {}, warehouse=retailer.path.parent, reports_dir=folder, limits=Limits(seconds=0.1))
    assert late.end == "late"
    grocers = SHELF / "example_grocers"
    return {
        "summary": grocers / "executive_summary" / "2026-10.html",
        "chapter": grocers / "theft_trends" / "2026-10.html",
        "readiness": grocers / "security_readiness" / "2026-10.html",
        "store": folder / run.page,
        "shelf": SHELF / "index.html",
        "month": SHELF / "months" / "2026-10.html",
        "failure": folder / late.failure_page,
    }


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("kind", ["summary", "chapter", "readiness", "store", "shelf", "month", "failure"])
def test_axe_finds_nothing_in_any_light_closed_or_open(opened, every_kind, kind, width):
    window = opened(every_kind[kind], viewport={"width": width, "height": 900}, color_scheme="light")
    window.evaluate(AXE)
    for state in ("closed", "open"):
        if state == "open":
            window.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        for scheme in ("light", "dark"):
            window.emulate_media(color_scheme=scheme)
            assert window.evaluate(CHECK, RULES) == [], (state, scheme)


@pytest.mark.parametrize("kind", ["summary", "chapter", "store", "shelf", "month", "failure"])
def test_language_title_landmarks_and_headings_are_in_order(opened, every_kind, kind):
    window = opened(every_kind[kind])
    assert window.locator("html").get_attribute("lang") == "en" and len(window.title()) > 10
    assert [window.locator(part).count() for part in ("h1", "main", "body > .wrap > header", "body > .wrap > footer")] == [1] * 4
    levels = window.eval_on_selector_all("h1, h2, h3, h4, h5, h6", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels)), levels
    names = window.eval_on_selector_all("nav", "all => all.map(one => one.getAttribute('aria-label'))")
    assert all(names) and len({*names}) == len(names)


REACHED = """() => { const one = document.activeElement; return one === document.body ? "" :
    [one.tagName, one.id, one.className, one.getAttribute("href"), one.getAttribute("aria-label"), one.textContent.slice(0, 40)].join(" ") }"""
INTERACTIVE = """() => Array.from(document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']"))
    .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled).length"""


@pytest.mark.parametrize("kind", ["summary", "chapter", "shelf", "failure"])
def test_tab_reaches_everything_and_what_has_the_focus_shows_it(opened, every_kind, kind):
    window = opened(every_kind[kind])
    window.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    reached, unseen = [], []
    for _ in range(window.evaluate(INTERACTIVE) + 50):
        window.keyboard.press("Tab")
        name = window.evaluate(REACHED)
        if not name:
            break
        outline = window.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if outline == "none":
            unseen.append(name)
        reached.append(name)
    assert "Skip to the report" in reached[0]
    assert len(reached) == window.evaluate(INTERACTIVE) and unseen == []
    window.keyboard.press("Home")


def test_the_skip_link_leads_to_the_report(opened, every_kind):
    window = opened(every_kind["chapter"])
    window.keyboard.press("Tab")
    assert window.locator(".skip").bounding_box()["y"] >= 0
    window.keyboard.press("Enter")
    assert window.url.endswith("#main")


def test_a_definition_opens_by_key_and_escape_closes_it(opened, every_kind):
    window = opened(every_kind["chapter"])
    term = window.locator("button.term").first
    term.focus()
    window.keyboard.press("Enter")
    definition = window.locator(f"#{term.get_attribute('popovertarget')}")
    assert definition.is_visible()
    window.keyboard.press("Escape")
    assert not definition.is_visible()
    assert window.evaluate("document.activeElement.className") == "term"


def test_a_table_opens_and_scrolls_by_key(opened, every_kind):
    window = opened(every_kind["chapter"])
    window.locator("#exhibit-1 .twin > summary").focus()
    window.keyboard.press("Enter")
    box = window.locator("#exhibit-1 .twin .scroll")
    box.focus()
    window.keyboard.press("End")
    window.wait_for_timeout(300)
    assert box.evaluate("box => box.scrollTop") > 0


def heard(window, chart):
    """What the stepper of a chart says at each of its points, from the last to the first."""
    stepper = window.locator(f"#{chart} ~ .stepper input")
    stepper.focus()
    said = [stepper.get_attribute("aria-valuetext")]
    for _ in range(int(stepper.get_attribute("max"))):
        window.keyboard.press("ArrowLeft")
        said.append(stepper.get_attribute("aria-valuetext"))
    return said


@pytest.mark.parametrize("kind", ["summary", "chapter"])
def test_the_arrow_keys_step_through_each_chart_and_say_what_the_pointer_is_shown(opened, every_kind, kind):
    window = opened(every_kind[kind])
    charts = islands.read(window.locator("#figures").text_content())["charts"]
    for chart in charts:
        hovered = [html.unescape(text) for trace in chart["data"] for text in trace.get("hovertext", [])]
        assert sorted({*heard(window, chart["box"])}) == sorted({*hovered}), chart["box"]
    stepper = window.locator(f"#{charts[0]['box']} ~ .stepper input")
    stepper.focus()
    assert stepper.get_attribute("aria-label") == "Points of exhibit 1" and stepper.evaluate("one => getComputedStyle(one).opacity") == "1"
    shown = window.locator(f"#{charts[0]['box']} .hoverlayer .hovertext")
    assert shown.count() == 1
    window.keyboard.press("Shift+Tab")
    assert shown.count() == 0 and stepper.evaluate("one => getComputedStyle(one).opacity") == "0"


def test_a_stepper_changes_no_layout_and_is_not_printed(opened, every_kind):
    window = opened(every_kind["chapter"])
    before = window.evaluate("document.documentElement.scrollHeight")
    window.locator(".stepper input").first.focus()
    assert window.evaluate("document.documentElement.scrollHeight") == before
    window.emulate_media(media="print")
    assert not window.locator(".stepper").first.is_visible()


def test_nothing_moves_for_those_who_asked_for_it_and_forced_colours_keep_the_charts(opened, every_kind):
    still = opened(every_kind["chapter"], reduced_motion="reduce")
    moves = """() => Array.from(document.querySelectorAll("*")).filter(one => {
        const style = getComputedStyle(one);
        return style.animationName !== "none" || style.scrollBehavior === "smooth" || parseFloat(style.transitionDuration) > 0;
    }).map(one => one.tagName + "." + one.getAttribute("class"))"""
    assert still.evaluate(moves) == []
    forced = opened(every_kind["chapter"], forced_colors="active")
    assert forced.locator("#chart-1 svg path.js-line").count() >= 1
    assert forced.locator(".plot").first.evaluate("box => getComputedStyle(box).forcedColorAdjust") == "none"
    assert forced.locator(".mark").first.is_visible()
