"""The look of the published pages in a real browser: on a desk, on a phone, on paper, for eyes that set their own."""

import re
from pathlib import Path

import pytest
from look import MM, SHELF, SUMMARY

from retail_analytics import tokens
from retail_analytics.publishing import chromium

CHAPTERS = [SHELF / "example_grocers" / f"{name}/2026-10.html" for name in ("theft_trends", "iot_growth", "security_readiness")]
PAPERS = {"A4": (188, 280), "Letter": (193.9, 262.4)}  # mm within the margins of a summary
LETTERS = "äöüßÄÖÜéñŁź€£$“”„‚‘’–—−≈±×·…•≤≥°§½"
PAGES_ON_PAPER = re.compile(rb"/Type /Page\b(?!s)")


def longer(tmp_path: Path, *, sentences: int) -> Path:
    """The summary with more that it cannot say."""
    text = SUMMARY.read_text(encoding="utf-8")
    item = re.search(r"<li><svg class=\"mark\".*?</li>", text, re.DOTALL)[0]
    path = tmp_path / "longer.html"
    path.write_text(text.replace(item, item * (1 + sentences)), encoding="utf-8")
    return path


# On paper


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("more", [0, 20])
def test_the_summary_is_one_page_on_either_paper(opened, tmp_path, paper, more):
    page = opened(longer(tmp_path, sentences=more), color_scheme="dark")
    assert len(PAGES_ON_PAPER.findall(page.pdf(format=paper))) == 1


def test_the_summary_is_one_page_of_a4_from_the_command_line(tmp_path):
    page = tmp_path / "summary.html"
    page.write_bytes(SUMMARY.read_bytes())
    chromium.pdf(page, tmp_path / "summary.pdf")
    printed = (tmp_path / "summary.pdf").read_bytes()
    assert len(PAGES_ON_PAPER.findall(printed)) == 1
    assert re.search(rb"/MediaBox \[0 0 59[45](\.\d+)? 84[12]", printed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["summary.html", "summary.pdf"]


@pytest.mark.parametrize("paper", PAPERS)
def test_on_paper_the_summary_fills_its_page_and_nothing_is_clipped_or_over_its_box(opened, paper):
    width, height = (round(side * MM) for side in PAPERS[paper])
    page = opened(SUMMARY, color_scheme="dark")
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bottom = page.eval_on_selector(".about", "foot => foot.getBoundingClientRect().bottom")
    assert 0.97 * height <= bottom <= height
    assert page.evaluate(OVER) == []
    assert page.eval_on_selector("body", "body => getComputedStyle(body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.parent.name)
def test_on_paper_a_chapter_breaks_no_exhibit_and_nothing_is_over_its_box(opened, path):
    page = opened(path, viewport={"width": round(182 * MM), "height": round(266 * MM)})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate(OVER) == []
    highest = page.eval_on_selector_all(".exhibit", "all => Math.max(...all.map(one => one.offsetHeight))")
    assert highest < 248 * MM, "an exhibit that is higher than a Letter page would be broken"
    for part in (".contents", ".twin", ".button", ".masthead nav", "[popover]"):
        assert not page.locator(part).first.is_visible(), part
    printed = page.pdf(format="A4")
    assert 5 <= len(PAGES_ON_PAPER.findall(printed)) <= 10


# Every text of a chart within its box and on no other, every part within the part that holds it, rows of the ledger one after another.
OVER = """() => {
  const over = [], box = one => one.getBoundingClientRect();
  const within = (inner, outer, slack) => inner.left >= outer.left - slack && inner.right <= outer.right + slack &&
    inner.top >= outer.top - slack && inner.bottom <= outer.bottom + slack;
  for (const chart of document.querySelectorAll(".plot")) {
    for (const text of chart.querySelectorAll("svg text")) {
      if (box(text).width && !within(box(text), box(chart), 3)) over.push(chart.id + ": " + text.textContent);
    }
    const texts = [...chart.querySelectorAll("svg text")].filter(text => box(text).width);
    texts.forEach((one, number) => texts.slice(number + 1).forEach(other => {
      const a = box(one), b = box(other), deep = (start, end) => Math.min(a[end], b[end]) - Math.max(a[start], b[start]);
      if (deep("left", "right") > 4 && deep("top", "bottom") > 4) over.push(`${chart.id}: ${one.textContent} on ${other.textContent}`);
    }));
    if (!within(box(chart), box(chart.closest("figure")), 1)) over.push(chart.id);
  }
  for (const one of document.querySelectorAll(".row > *, .list li, .cells li, .facts dd, .title, .subtitle")) {
    if (one.scrollWidth > one.clientWidth + 1) over.push("wide: " + one.textContent.slice(0, 60));
    if (!within(box(one), box(one.parentNode), 1)) over.push("beyond: " + one.textContent.slice(0, 60));
  }
  return over;
}"""


# On a screen


def test_headline_and_verdicts_stand_on_the_first_screen(opened):
    page = opened(SUMMARY)
    headline = page.eval_on_selector(".headline", "one => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight)")
    assert round(headline) <= 2
    assert page.locator(".row").count() >= 3
    for verdict in page.locator(".row-what .status").all() + page.locator(".row .number").all():
        box = verdict.bounding_box()
        assert box["y"] + box["height"] <= 900
    assert not page.locator(".definitions").is_visible()
    page.click("#definitions summary")
    assert page.locator(".definitions").is_visible()


def test_the_contents_of_a_chapter_follow_the_reader(opened):
    page = opened(CHAPTERS[0])
    page.eval_on_selector("#section-3", "one => one.scrollIntoView({behavior: 'instant'})")
    page.wait_for_selector(".contents [aria-current]")
    assert page.locator(".contents [aria-current]").get_attribute("href") == "#section-3"
    assert 0 <= page.locator(".contents").bounding_box()["y"] < 200


@pytest.mark.parametrize("width", [320, 360])
def test_no_page_scrolls_sideways_on_a_phone(opened, width):
    page = opened(SUMMARY, viewport={"width": width, "height": 780})
    for path in (SUMMARY, *CHAPTERS, SHELF / "index.html", *(SHELF / "months").glob("2026-10.html")):
        page.goto(path.as_uri())
        page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == width, path


def test_the_embedded_typefaces_are_used_and_hold_every_letter_we_write(opened):
    page = opened(SUMMARY)
    assert page.evaluate("""document.fonts.check('13px "Workbench Sans"')""")
    assert "Workbench Serif" in page.eval_on_selector(".headline", "one => getComputedStyle(one).fontFamily")
    widths = """([family, letters]) => {
      const brush = document.createElement("canvas").getContext("2d");
      const wide = (letter, other) => (brush.font = `40px "${family}", ${other}`, brush.measureText(letter).width);
      return [...letters].filter(letter => wide(letter, "monospace") !== wide(letter, "serif"));
    }"""
    assert page.evaluate(widths, ["Workbench Sans", LETTERS]) == []
    assert page.evaluate(widths, ["Workbench Serif", LETTERS.replace("Ł", "").replace("ź", "")]) == []
    assert page.evaluate(widths, ["Workbench Sans", "Ж"]) == ["Ж"], "a letter that is missing is told"


def test_a_reader_s_own_colours_and_rest_are_heeded(opened):
    page = opened(SUMMARY, forced_colors="active", reduced_motion="reduce", color_scheme="dark")
    assert page.eval_on_selector("html", "one => getComputedStyle(one).scrollBehavior") == "auto"
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.eval_on_selector(".plot", "one => getComputedStyle(one).forcedColorAdjust") == "none"
    ground = page.eval_on_selector(".plot", "one => getComputedStyle(one).backgroundColor")
    assert ground == "rgb({}, {}, {})".format(*bytes.fromhex(tokens.DARK["paper"][1:]))


def test_what_can_be_pressed_is_large_enough_and_shows_that_it_is_reached(opened):
    page = opened(CHAPTERS[0])
    sizes = """all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect())
      .filter(box => box.height < 24 || box.width < 24).length"""
    assert page.eval_on_selector_all("button, summary, .contents a, .masthead nav a", sizes) == 0
    for _ in range(3):
        page.keyboard.press("Tab")
    outline = page.evaluate("(s => [s.outlineStyle, s.outlineWidth])(getComputedStyle(document.activeElement))")
    assert outline == ["solid", "3px"]


def test_pages_stay_small():
    assert SUMMARY.stat().st_size <= 1_600_000
    assert max(path.stat().st_size for path in SHELF.glob("*/*/*.html")) <= 1_800_000
