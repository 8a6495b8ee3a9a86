"""What the tests share: a toy world that goes in through the same door as a customer's files, and a browser."""

import csv
import os
import shutil
from datetime import date
from math import inf
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, Phase, settings

from retail_analytics.publishing import parameters
from retail_analytics.sample import write
from retail_analytics.sources.plan import read_plan, source_file
from retail_analytics.sources.reading import Batch, TextRows, gathered
from retail_analytics.warehouse import Warehouse, load, open_warehouse

os.environ["RETAIL_TESTS_OF"] = str(os.getpid())  # tells the processes that these tests start from others
ALWAYS = [date(2000, 1, 1), date(2049, 12, 31)]  # a toy table holds every day unless a test says otherwise
TODAY = date(2049, 12, 31)

# Files that are made at random: as many as fit into an ordinary run, or 2,000 (--hypothesis-profile=thorough).
for profile, times in (("ordinary", 150), ("thorough", 2_000)):
    settings.register_profile(profile, max_examples=times, deadline=None, derandomize=profile == "ordinary",
                              database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
settings.load_profile("ordinary")


PARAMETERS = """last_month: str = "newest"  # last month shown, like 2026-10
months: int = 12  # how far back
scope: str = "all"  # all, a region, a store format, or a store by its id"""
HEADLINE = 'from retail_analytics import exhibits\nexhibits.headline("All is well.")'


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A folder of reports of one's own; call it with a name, the source of the last cell, more parameters."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(parameters, "NOTEBOOKS", folder)
    parameters.report.cache_clear()

    def write(name: str, last_cell: str, *more: str) -> None:
        cells = [nbformat.v4.new_code_cell("\n".join([PARAMETERS, *more]), metadata={"tags": ["parameters"]}),
                 nbformat.v4.new_markdown_cell("## The only section"),
                 nbformat.v4.new_code_cell(HEADLINE), nbformat.v4.new_code_cell(last_cell)]  # fmt: skip
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.metadata["retail_analytics"] = {"title": name.capitalize(), "needs": ["incidents"]}
        nbformat.write(notebook, folder / f"{name}.ipynb")

    yield write
    parameters.report.cache_clear()


@pytest.fixture
def given(tmp_path):
    """A warehouse holding the tables drawn as text: `given(incidents="...", store_days="...")`.

    Columns are separated by |, the first line names them. `covers` maps a table to the days it holds. Given again
    with a later `known_on`, they are newer exports.
    """

    def warehouse(*, covers: dict | None = None, known_on: date = TODAY, **tables: str) -> Warehouse:
        files = []
        for table, drawn in tables.items():
            path = tmp_path / f"{table}.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(cells(drawn))
            days = (covers or {}).get(table, ALWAYS)
            files.append(source_file(path, mapping="own", table=table, known_on=known_on, covers=days))
        load(tmp_path / "warehouse", files, title="Toy world")
        return open_warehouse(tmp_path / "warehouse")

    return warehouse


@pytest.fixture(scope="session")
def retailer(tmp_path_factory) -> Warehouse:
    """A small Example Grocers: twelve stores, two years, written and loaded as a customer's files are."""
    folder = tmp_path_factory.mktemp("retailer")
    exports = write(folder, stores=12, years=2, seed=7)
    title, files = read_plan(exports)
    load(folder / "example_grocers", files, title=title)
    return open_warehouse(folder / "example_grocers")


def cells(drawn: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in drawn.strip().splitlines()]


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, driven by playwright."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "No Chromium found. Install one (Debian: apt-get install chromium) and run again."
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--headless=new", *arguments])
        yield launched
        launched.close()


@pytest.fixture
def opened(browser):
    """Opens a file at an address in it, as a window whose charts are drawn. What goes wrong in one fails the test: a
    request for anything that is no file, a complaint, a dialog.
    """
    contexts, wrong = [], []

    def open_(path: Path, address: str = "", **settings):
        contexts.append(browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | settings))
        window = contexts[-1].new_page()
        window.on("request", lambda r: None if r.url.startswith(("file:", "blob:", "data:")) else wrong.append(r.url[:80]))
        window.on("console", lambda message: wrong.append(message.text))
        window.on("pageerror", lambda error: wrong.append(str(error)))
        window.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        window.goto(path.as_uri() + address)
        if settings.get("java_script_enabled", True) and window.locator("#figures").count():
            window.wait_for_selector("html[data-charts=done]", state="attached", timeout=20_000)
        return window

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def whole(text: TextRows) -> Batch:
    """All rows of a file at once."""
    return next(gathered(text.batches, inf))
