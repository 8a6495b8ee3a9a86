"""Every page on the shelf, in a real browser, opened as a reader opens it: from a file, without a network."""

import json
from pathlib import Path

import pytest

from retail_analytics.publishing import numbers

SHELF = Path(__file__).parents[1] / "reports" / "published"
PAGES = sorted(SHELF.glob("*/*/*.html"))
HOSTILE = "<img src=x onerror=alert(1)>"
EXPECTED = {
    "example_grocers/executive_summary", "example_grocers/iot_growth", "example_grocers/security_readiness",
    "example_grocers/theft_trends", "uk_police/theft_trends", "london/theft_trends", "linknyc/iot_growth",
}  # fmt: skip


def name(page: Path) -> str:
    return page.relative_to(SHELF).as_posix()


def record(page: Path) -> dict:
    return numbers.read(page)


@pytest.fixture(scope="module")
def opened(browser):
    """Opens a page and gives it with what went wrong: requests beyond itself, console messages, dialogs."""
    contexts = []

    def open_page(path: Path, **options):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page, wrong = context.new_page(), []
        page.on("request", lambda r: wrong.append(f"request {r.url[:80]}") if not r.url.startswith("file:") else None)
        page.on("console", lambda m: wrong.append(f"console {m.text}"))
        page.on("pageerror", lambda e: wrong.append(f"error {e}"))
        page.on("dialog", lambda d: (wrong.append(f"dialog {d.message}"), d.dismiss()))
        page.goto(path.as_uri())
        return page, wrong

    yield open_page
    for context in contexts:
        context.close()


def test_make_report_has_published_every_report():
    assert SHELF.joinpath("index.html").is_file(), "There is no shelf. Run `make test`, which publishes it first."
    assert {page.relative_to(SHELF).parent.as_posix() for page in PAGES} == EXPECTED
    assert len(list((SHELF / "example_grocers" / "theft_trends").glob("2026-10*.html"))) == 7
    assert not list(SHELF.rglob("*.failed.html"))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_is_complete_in_a_browser(opened, path):
    page, wrong = opened(path)
    page.wait_for_selector("html[data-charts=done]", timeout=20_000, state="attached")
    figures = json.loads(page.locator("#figures").text_content()) if page.locator("#figures").count() else []
    charts = page.locator("[id^=chart-]")
    assert charts.count() >= 1 and figures
    for number in range(charts.count()):
        box = charts.nth(number).bounding_box()
        assert box["width"] > 200 and box["height"] > 60, number
        assert charts.nth(number).locator("svg path").count() > 0, number
    assert wrong == []
    assert path.stat().st_size < 6_000_000


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_fits_a_phone(opened, path):
    page, wrong = opened(path)
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_selector("html[data-charts=done]", timeout=20_000, state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert wrong == []


@pytest.mark.parametrize(
    "path", [p for p in PAGES if name(p).startswith("example_grocers") and "executive" not in name(p)], ids=name
)
def test_a_hostile_store_name_is_text(opened, path):
    if HOSTILE not in json.dumps(record(path)):  # a region's page names only its own stores
        assert "-" in path.stem.removeprefix("2026-10")
        return
    page, wrong = opened(path)
    page.wait_for_selector("html[data-charts=done]", timeout=20_000, state="attached")
    assert page.locator("img").count() == 0 and wrong == []
    assert HOSTILE in page.locator("body").text_content()


def test_the_index_opens_and_every_link_works(opened):
    page, wrong = opened(SHELF / "index.html")
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    pages = {link.split("#")[0] for link in links if link.startswith("file:") and not link.startswith(page.url + "#")}
    found = {path.as_uri() for path in PAGES}
    assert found <= pages, "every page is on the index"
    for link in pages:
        assert Path(link.removeprefix("file://")).is_file(), link
    text = page.locator("body").text_content()
    assert "Example Grocers" in text and "Public data" in text and "October 2026" in text
    assert wrong == []


def test_london_shows_that_recording_changed_and_gives_no_verdict_across_it():
    page = SHELF / "london" / "theft_trends" / "2025-11.html"
    said = page.read_text(encoding="utf-8")
    assert "moved to a new recording system" in said
    assert "Recorded thefts rose" not in said and "cannot tell" in said


def test_what_a_warehouse_does_not_hold_is_said():
    said = (SHELF / "uk_police" / "theft_trends" / "2022-03.html").read_text(encoding="utf-8")
    assert "Not recorded: no store days in this warehouse." in said
    assert "Thames Valley Police sent no incidents for June 2021 to October 2021: a gap, not zero." in said
    kiosks = (SHELF / "linknyc" / "iot_growth" / "2025-07.html").read_text(encoding="utf-8")
    assert "Removed kiosks are not in this list" in kiosks
    assert "Not recorded: no stores in this warehouse." in kiosks


def test_kiosk_installations_by_year_stand_on_the_page():
    exhibits = record(SHELF / "linknyc" / "iot_growth" / "2025-07.html")["exhibits"]
    arrivals = [513, 690, 535, 58, 51, 6, 146, 125, 71, 51]
    assert any(exhibit["table"]["columns"][1]["values"][-10:] == arrivals for exhibit in exhibits)
