"""Pages: ours in each form beside the same notebooks by nbconvert's own template and by marimo's export.

`python -m benchmarks.pages` publishes the summary and the theft chapter of Example Grocers in each form, makes the same
two with the others, opens each ten times in Chromium from its file, without a network, and prints size, requests, the
milliseconds to the first and the last chart, what went wrong, and how many rules of WCAG 2.2 AA axe-core finds broken.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from retail_analytics.publishing import chromium
from retail_analytics.publishing.parameters import NOTEBOOKS
from retail_analytics.warehouse import VARIABLE

ROOT = Path(__file__).parents[1]
GROCERS = ROOT / "data" / "warehouses" / "example_grocers"
REPORTS = ("executive_summary", "theft_trends")
FORMS = {"complete": [], "static": ["--static"], "shared": ["--shared"]}
MARIMO = "0.25.2"
UV = shutil.which("uv") or ROOT / ".uv" / "bin" / "uv"
BIN = Path(sys.executable).parent
TIMES, PATIENCE = 10, 4_000  # openings; milliseconds after which a page without a chart has none
AXE = (ROOT / "tests" / "axe" / "axe.min.js").read_text(encoding="utf-8")
BROKEN = """axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], preload: false})
    .then(found => found.violations.length)"""
# When a chart is first there: an SVG that plotly.js, or we beforehand, have drawn.
WATCH = """
window.charts = [];
const seen = new Set();
const look = () => document.querySelectorAll(".plot.drawn, .js-plotly-plot").forEach((box) => {
  if (!seen.has(box) && box.querySelector("svg path")) { seen.add(box); charts.push(performance.now()); }
});
new MutationObserver(look).observe(document, { childList: true, subtree: true });
"""


def main() -> None:
    columns = f"{'MB':>7}{'requests':>10}{'first, ms':>11}{'last, ms':>10}{'charts':>8}{'wrong':>7}{'axe':>5}"
    print(f"{'page':<20}{'by':<12}{columns}")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium.needed(), args=["--no-sandbox", "--headless=new"])
        for report in REPORTS:
            for way, page in pages(report, folder):
                print(f"{report:<20}{way:<12}{page.stat().st_size / 1e6:>7.2f}{opened(browser, page)}", flush=True)
        browser.close()


def pages(report: str, folder: Path):
    """Each way's page of a report."""
    for form, options in FORMS.items():
        shelf = folder / form
        run([BIN / "retail-analytics", "publish", report, *options, "--warehouse", GROCERS, "--reports", shelf])
        [page] = (shelf / GROCERS.name / report).glob("*.html")
        yield form, page
    executed, script, exported = (folder / f"{report}{kind}" for kind in (".ipynb", ".py", ".marimo.html"))
    run([BIN / "papermill", NOTEBOOKS / f"{report}.ipynb", executed, "-k", "python3", "--no-progress-bar"])
    run([BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", executed])
    yield "nbconvert", executed.with_suffix(".html")
    marimo = [UV, "run", "--no-project", "--quiet", "--with", f"marimo=={MARIMO}", "--with-editable", ROOT, "marimo"]
    run([*marimo, "convert", NOTEBOOKS / f"{report}.ipynb", "-o", script])
    run([*marimo, "export", "html", script, "-o", exported, "--no-include-code", "--force"])
    yield "marimo", exported


def opened(browser: Browser, page: Path) -> str:
    """What a page asks for and when its charts are there: the median of several openings, each in a new window."""
    firsts, lasts, counts, asked, wrong = [], [], [], set(), set()
    for _ in range(TIMES):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
        window = context.new_page()
        window.add_init_script(WATCH)
        window.on("request", lambda one: asked.add(one.url) if one.url.startswith("http") else None)
        window.on("console", lambda one: wrong.add(one.text) if one.type == "error" else None)
        window.on("pageerror", lambda one: wrong.add(str(one)))
        window.goto(page.as_uri())
        for _ in range(PATIENCE // 500):
            window.wait_for_timeout(500)
            if found := window.evaluate("charts"):
                break
        firsts.append(min(found, default=float("nan")))
        lasts.append(max(found, default=float("nan")))
        counts.append(len(found))
        if len(counts) == TIMES:
            window.evaluate(AXE)
            broken = window.evaluate(BROKEN)
        context.close()
    times = f"{median(firsts):>11,.0f}{median(lasts):>10,.0f}{median(counts):>8.0f}"
    return f"{len(asked):>10}{times}{len(wrong):>7}{broken:>5}"


def run(command: list) -> None:
    environment = os.environ | {VARIABLE: str(GROCERS)}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
