"""Every page on the shelf, in a real browser, opened as a reader opens it: from a file, without a network."""

import base64
import calendar
import json
import math
import re
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from retail_analytics.publishing import numbers

SHELF = Path(__file__).parents[1] / "reports" / "published"
PAGES = sorted(page for page in SHELF.glob("*/*/*.html") if not page.parent.name.endswith("-superseded"))
HOSTILE = "<img src=x onerror=alert(1)>"
EXPECTED = {
    "example_grocers/executive_summary", "example_grocers/iot_growth", "example_grocers/security_readiness",
    "example_grocers/theft_trends", "uk_police/theft_trends", "london/theft_trends", "linknyc/iot_growth",
}  # fmt: skip


def name(page: Path) -> str:
    return page.relative_to(SHELF).as_posix()


def record(page: Path) -> dict:
    return numbers.read(page)


def test_make_report_has_published_every_report():
    assert SHELF.joinpath("index.html").is_file(), "There is no shelf. Run `make test`, which publishes it first."
    assert {page.relative_to(SHELF).parent.as_posix() for page in PAGES} == EXPECTED
    assert len(list((SHELF / "example_grocers" / "theft_trends").glob("2026-10*.html"))) == 7
    assert not list(SHELF.rglob("*.failed.html"))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_is_complete_in_a_browser(opened, path):
    page = opened(path)
    figures = json.loads(page.locator("#figures").text_content()) if page.locator("#figures").count() else []
    charts = page.locator("[id^=chart-]")
    assert charts.count() >= 1 and figures
    for number in range(charts.count()):
        box = charts.nth(number).bounding_box()
        assert box["width"] > 200 and box["height"] > 60, number
        assert charts.nth(number).locator("svg path").count() > 0, number
    assert path.stat().st_size < 6_000_000


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_fits_a_phone(opened, path):
    page = opened(path, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(
    "path", [p for p in PAGES if name(p).startswith("example_grocers") and "executive" not in name(p)], ids=name
)
def test_a_hostile_store_name_is_text(opened, path):
    if HOSTILE not in json.dumps(record(path)):  # a region's page names only its own stores
        assert "-" in path.stem.removeprefix("2026-10")
        return
    page = opened(path)
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("body").text_content()


def test_the_index_opens_and_every_link_works(opened):
    page = opened(SHELF / "index.html")
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    pages = {link.split("#")[0] for link in links if link.startswith("file:") and not link.startswith(page.url + "#")}
    found = {path.as_uri() for path in PAGES}
    assert found <= pages, "every page is on the index"
    for link in pages:
        assert Path(link.removeprefix("file://")).is_file(), link
    text = page.locator("body").text_content()
    assert "Example Grocers" in text and "Public data" in text and "October 2026" in text


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


def test_every_report_tells_what_changed_also_without_script(opened):
    for path in PAGES:
        page = opened(path, java_script_enabled=False)
        assert page.locator(".changes .meta").is_visible(), path
        first = page.locator(".changes .meta").text_content().startswith("There is no earlier report")
        assert first == (record(path)["changes"]["since"] == []), path


# Taking the numbers along


def saved(page, kind: str, of: str = "") -> tuple[str, bytes]:
    """The name and content of the file that a click on a button saves."""
    with page.expect_download() as saving:
        page.eval_on_selector(f"[data-save={kind}]" + f"[data-of={of}]" * bool(of), "button => button.click()")
    return saving.value.suggested_filename, Path(saving.value.path()).read_bytes()


@pytest.mark.parametrize("name", ["example_grocers/executive_summary/2026-10", "example_grocers/theft_trends/2026-10"])
def test_the_record_and_a_chart_are_saved_as_files_that_stand_alone(opened, name):
    path = SHELF / f"{name}.html"
    page = opened(path, color_scheme="dark")
    report = name.split("/")[1]
    file, content = saved(page, "json")
    assert file == f"{report}-2026-10-numbers.json" and json.loads(content) == record(path)
    told = record(path)["exhibits"][0]
    file, content = saved(page, "svg", "exhibit-1")
    drawn = etree.fromstring(content)
    texts = " ".join(drawn.xpath("/*/*[local-name() = 'text']/text()"))
    assert file == f"{report}-2026-10-exhibit-1.svg"
    for part in ("title", "subtitle", "source"):
        assert told[part] in texts.replace("\u00a0", " "), part
    assert drawn.xpath("string(/*/*[local-name() = 'title'])").replace("\u00a0", " ") == told["title"]
    assert len(drawn.xpath("//*[contains(@class, 'js-line')]")) >= 1
    assert b"var(--" not in content and b"rgb(21, 33, 43)" in content, "paper's colours, whatever the screen uses"
    file, content = saved(page, "png", "exhibit-1")
    assert file == f"{report}-2026-10-exhibit-1.png" and content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == tuple(2 * int(drawn.get(side)) for side in ("width", "height"))
    shown = page.evaluate("""async (address) => {
        const image = new Image();
        image.src = address;
        await image.decode();
        const pen = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height }).getContext("2d");
        pen.drawImage(image, 0, 0);
        const seen = new Set(pen.getImageData(0, 0, image.width, image.height).data);
        return seen.size;
    }""", "data:image/png;base64," + base64.b64encode(content).decode())  # fmt: skip
    assert shown > 100, "a picture, not an empty sheet"


def test_each_button_that_saves_says_what_it_saves_and_without_script_there_is_none(opened):
    path = SHELF / "example_grocers" / "theft_trends" / "2026-10.html"
    page = opened(path)
    buttons = page.locator("[data-save]")
    names = buttons.all_text_contents()
    assert len(names) == len(set(names)) and all(re.fullmatch(r"Save (as (CSV|SVG|PNG): exhibit \d+|all numbers as JSON)", n) for n in names)
    charts = json.loads(page.locator("#figures").text_content())["charts"]
    assert len(names) == 1 + len(record(path)["exhibits"]) + 2 * len(charts)
    page = opened(path, java_script_enabled=False)
    assert page.locator("[data-save]").count() == len(names) and page.locator("[data-save]:visible").count() == 0


SCALES = {"million": 1e6, "billion": 1e9}
WRITTEN = re.compile(r"(under |over )?([+-]?)[$£€]?(\d[\d,]*)(\.\d+)?( million| billion)?( %)?( (?:day|month)s?)?")


def said_by(text: str) -> tuple[float, float] | None:
    """The least and greatest number that a text of a table can stand for; None where it says that it is not known."""
    if text == "not known":
        return None
    text = text.replace("\u2212", "-").replace("\u00a0", " ")
    bound, sign, whole, decimals, scale, percent, _ = WRITTEN.fullmatch(text).groups()
    digits, decimals = whole.replace(",", ""), decimals or ""
    size = SCALES.get((scale or "").strip(), 1) / (100 if percent else 1)
    number, half = float(digits + decimals) * size, size * 0.5 * 10 ** -max(len(decimals) - 1, 0)
    if text.startswith(("$", "£", "€", "-$", "-£", "-€")):  # two significant digits
        half = max(half, 0.5 * 10 ** (math.floor(math.log10(number or 1)) - 1))
    number, half = (-number if sign == "-" else number), half * (1 + 1e-6) + 1e-9
    return (0, number) if bound == "under " else (number, 1) if bound == "over " else (number - half, number + half)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_without_script_the_page_says_every_number_of_its_record(opened, path):
    page = opened(path, java_script_enabled=False)
    told = record(path)
    assert page.locator("h1").text_content().replace("\u00a0", " ") == told["headline"]["text"]
    shown = page.locator(".row .number b").all_text_contents()
    assert shown == [row["number"].replace(" %", "\u00a0%") for row in told["verdicts"] if row["number"]]
    for row in told["verdicts"]:
        if row["number"]:
            least, most = said_by(row["number"])
            assert least <= row["measured"].get("change", row["measured"]["value"]) <= most, row
    for exhibit in told["exhibits"]:
        columns = exhibit["table"]["columns"]
        cells = page.locator(f"#exhibit-{exhibit['number']} table.data tbody :is(th, td)").all_text_contents()
        for place, column in enumerate(columns):
            texts = cells[place :: len(columns)] if column["values"] else []
            assert len(texts) == len(column["values"]), (exhibit["title"], column["name"])
            for text, value in zip(texts, column["values"], strict=True):
                assert agrees(text, value, column["name"]), (exhibit["title"], column["name"], text, value)


def agrees(text: str, value, column: str) -> bool:
    if isinstance(value, bool):
        return text == ("yes" if value else "no")
    if column == "period":
        return f"{date.fromisoformat(value):%B %Y}" in text or text.startswith("week of ")
    if column == "weekday":
        return text == calendar.day_name[value - 1]
    if column == "hour":
        return text == f"{value:02}:00"
    if isinstance(value, int | float):
        least, most = said_by(text)
        return least <= value <= most
    return value is None or text.replace("_", " ") == value.replace("_", " ") or column in ("established", "period")
