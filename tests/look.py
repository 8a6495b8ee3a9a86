"""Pictures of every kind of page, as readers see them: `make look` writes them into reports/look."""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from retail_analytics.publishing import chromium
from retail_analytics.publishing.run import Limits, publish

ROOT = Path(__file__).parents[1]
SHELF = ROOT / "reports" / "published"
LOOK = ROOT / "reports" / "look"
SUMMARY = SHELF / "example_grocers" / "executive_summary" / "2026-10.html"
CHAPTER = SHELF / "example_grocers" / "theft_trends" / "2026-10.html"
MM = 96 / 25.4  # px
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 780}
EXAMPLE = {"width": 1200, "height": 960}  # of the picture in README


def pictures(browser: Browser, pages: dict[str, Path]) -> None:
    """Each page on a desk, in the dark, on a phone and on A4."""
    for name, path in pages.items():
        for kind, settings in {
            "desk": {"viewport": DESK}, "dark": {"viewport": DESK, "color_scheme": "dark"}, "phone": {"viewport": PHONE},
        }.items():  # fmt: skip
            window = opened(browser, path, **settings)
            window.screenshot(path=LOOK / f"{name}-{kind}.png", full_page=True)
            if kind == "desk":
                window.pdf(path=LOOK / f"{name}-paper.pdf", format="A4")
            window.context.close()


def opened(browser: Browser, path: Path, **settings):
    """A window on a page whose charts are drawn."""
    window = browser.new_context(**settings).new_page()
    window.goto(path.as_uri())
    if window.locator("#figures").count():
        window.wait_for_selector("html[data-charts=done]", state="attached")
    window.evaluate("document.fonts.ready.then(() => null)")
    return window


def main() -> None:
    LOOK.mkdir(exist_ok=True)
    late = publish("iot_growth", {"scope": "Harbour"}, warehouse=ROOT / "data" / "warehouses" / "example_grocers",
                   reports_dir=LOOK / "shelf", limits=Limits(seconds=0.1))  # fmt: skip
    failed = LOOK / "shelf" / late.failure_page
    month = SHELF / "months" / "2026-10.html"
    pages = {"summary": SUMMARY, "chapter": CHAPTER, "shelf": SHELF / "index.html", "month": month, "failure": failed}
    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if sys.platform != "win32" else []
        browser = playwright.chromium.launch(executable_path=chromium.needed(), args=["--headless=new", *root])
        pictures(browser, pages)
        example = opened(browser, SUMMARY, viewport=EXAMPLE)
        example.screenshot(path=LOOK / "example.png")
        browser.close()
    for paper in LOOK.glob("*-paper.pdf"):
        subprocess.run(["pdftoppm", "-r", "96", "-png", str(paper), str(paper.with_suffix(""))], check=False)
    print(f"Pictures are in {LOOK}. README's is reports/example.png: copy example.png over it when it is better.")


if __name__ == "__main__":
    main()
