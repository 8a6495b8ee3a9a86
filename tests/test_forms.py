"""The forms of a page, with a real Chromium, and without one: the PDF beside it, drawn beforehand, sharing files."""

import base64
import csv
import json
import os
import re
import shutil
import stat
import time
import zlib
from pathlib import Path

import nbformat
import psutil
import pytest

from retail_analytics.errors import ParameterError, SourceError, WorkbenchError
from retail_analytics.publishing import assets, chromium, islands, numbers, proof, record, shelf
from retail_analytics.publishing.forms import Form
from retail_analytics.publishing.pack import read_pack, run_packs
from retail_analytics.publishing.run import Limits, publish
from tests.test_publish import command

NONE = "There is no Chromium on this machine: install Chromium or Google Chrome (Debian: apt-get install chromium), or name the program in the variable CHROMIUM."


@pytest.fixture
def without_chromium(tmp_path, monkeypatch):
    """A path on which there is everything but a browser; gives the browser that was there."""
    there = chromium.needed()
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    return there


@pytest.fixture
def hanging(tmp_path, monkeypatch):
    """A browser that never ends, and neither does what it has started."""
    program = tmp_path / "hanging"
    program.write_text("#!/bin/sh\nsleep 7654321 &\nsleep 7654322\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv(chromium.VARIABLE, str(program))


def still_running(*words: str) -> list[str]:
    """Processes with one of these words in their command, after a moment to end in."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        found = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        found = [line for line in found if any(word in line for word in words)]
        if not found:
            return []
        time.sleep(0.1)
    return found


def drawn(pdf: Path) -> list[bytes]:
    """What stands on the pages of a PDF: every stream of it."""
    return re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf.read_bytes(), re.DOTALL)


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / record.RUNS).read_text().splitlines()]


def test_a_pdf_is_the_browsers_print_and_follows_its_page(retailer, browser, tmp_path, monkeypatch):
    folder, home = tmp_path / "shelf", tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    made = publish("theft_trends", warehouse=retailer.path.parent, reports_dir=folder, form=Form(pdf=True))
    assert made.end == "published" and made.well, made.missing
    page, pdf = folder / made.page, folder / made.pdf
    assert pdf == page.with_suffix(".pdf") and lines(folder)[0]["pdf_hash"] == made.pdf_hash
    assert still_running(str(folder)) == [] and not {".config", ".cache"} & {path.name for path in home.iterdir()} and [*folder.glob(".building/*")] == []

    window = browser.new_page(color_scheme="dark")
    window.goto(page.as_uri())
    window.wait_for_selector("html[data-charts=done]", state="attached")
    window.evaluate("document.styleSheets[1].insertRule('@page { size: A4 }', 0)")
    window.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True, print_background=True, tagged=True)
    window.close()
    assert drawn(pdf) == drawn(tmp_path / "printed.pdf") and len(drawn(pdf)) > 20

    again = publish("theft_trends", warehouse=retailer.path.parent, reports_dir=folder, form=Form(pdf=True))
    assert (again.end, again.pdf) == ("unchanged", made.pdf) and again.well
    assert publish("theft_trends", warehouse=retailer.path.parent, reports_dir=folder).end == "unchanged"
    assert f'href="{made.pdf}"' in shelf.index(folder).read_text()

    without = publish("theft_trends", warehouse=retailer.path.parent, reports_dir=folder, again=True)
    aside = folder / record.superseded(lines(folder)[0], "pdf")
    assert without.pdf is None and not pdf.exists() and aside.is_file() and aside.with_suffix(".html").is_file()
    record.retire(folder, record.Keep(superseded=0), {(made.warehouse, made.report)})
    assert not aside.exists() and not aside.with_suffix(".html").exists() and page.is_file()


def test_without_a_chromium_the_page_is_published_and_one_sentence_says_why_there_is_no_pdf(
    retailer, notebooks, tmp_path, without_chromium, monkeypatch
):
    notebooks("weekly", "1 + 1")
    words = ["publish", "weekly", "--pdf", "--warehouse", retailer.path.parent, "--reports", tmp_path / "shelf"]
    for end in ("published", "unchanged"):  # without a browser nothing is made again in vain
        code, said = command(*words)
        assert code == 1 and said.startswith(f"weekly: {end}\n") and f"No PDF: {NONE}\n" in said, said
        assert "2026-10.html" in said and ".pdf" not in said
    monkeypatch.setenv(chromium.VARIABLE, "/nowhere/chrome")
    code, said = command(*words)
    assert code == 1 and "No PDF: CHROMIUM names /nowhere/chrome, which cannot be run: install Chromium" in said
    monkeypatch.setenv(chromium.VARIABLE, without_chromium)
    monkeypatch.setenv("PATH", f"{Path(without_chromium).parent}:/bin")
    code, said = command(*words)
    assert code == 0 and "2026-10.pdf" in said, said
    (tmp_path / "shelf" / retailer.path.parent.name / "weekly/2026-10.pdf").write_bytes(b"%PDF-1.4 of another hand")
    assert command(*words)[1].startswith("weekly: published")
    assert command(*words)[1].startswith("weekly: unchanged")


def test_a_pack_asks_for_forms_and_a_line_of_it_has_the_last_word(retailer, notebooks, tmp_path, without_chromium):
    notebooks("weekly", "1 + 1")
    path = tmp_path / "pack.yaml"

    def asked(pack: str, line: str) -> list[Form]:
        path.write_text(f"warehouse: {retailer.path.parent}\n{pack}reports:\n  - {{report: weekly{line}}}\n")
        return [due.form for due in read_pack(path, tmp_path).due]

    assert asked("", "") == [Form()]
    assert asked("shared: true\n", ", pdf: true, shared: false") == [Form(pdf=True)]
    with pytest.raises(SourceError, match="weekly: pdf is 'yes, please', expected true or false."):
        asked("", ", pdf: 'yes, please'")
    with pytest.raises(SourceError, match="weekly: A page is static, to be sent, or shared, to stay on its shelf"):
        asked("shared: true\n", ", static: true")
    with pytest.raises(ParameterError, match="ask for one of them"):
        Form(static=True, shared=True)
    asked("pdf: true\n", "")
    said = []
    batch = run_packs([read_pack(path, tmp_path)], reports_dir=tmp_path / "shelf", said=said.append)
    assert [run.end for run in batch.ended] == ["published"] and not batch.well and NONE in said[-1]


def test_a_browser_that_hangs_is_ended_with_all_it_started(retailer, notebooks, tmp_path, hanging, monkeypatch):
    monkeypatch.setattr(chromium, "SECONDS", 0.5)
    (tmp_path / "page.html").write_text("<style></style>")
    with pytest.raises(WorkbenchError, match="Chromium took longer than 0.5 seconds over the page."):
        chromium.pdf(tmp_path / "page.html", tmp_path / "page.pdf")
    assert still_running("765432") == [] and [*tmp_path.glob("chromium-*")] == []
    notebooks("weekly", "1 + 1")
    late = publish("weekly", warehouse=retailer.path.parent, reports_dir=tmp_path / "shelf", form=Form(pdf=True),
                   limits=Limits(seconds=8))  # fmt: skip
    assert late.end == "late" and still_running("765432") == [] and [*tmp_path.glob("shelf/.building/*")] == []


def test_a_browser_that_gives_no_pdf_says_its_last_word(tmp_path, monkeypatch):
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho 'Running without a sandbox is not supported.' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv(chromium.VARIABLE, str(program))
    (tmp_path / "page.html").write_text("<title>Any</title>")
    with pytest.raises(WorkbenchError, match="made no PDF of the page: Running without a sandbox is not supported."):
        chromium.pdf(tmp_path / "page.html", tmp_path / "page.pdf")


# Drawn beforehand, and shared


@pytest.fixture(scope="module")
def forms(retailer, tmp_path_factory):
    """A report in each form, on a shelf of its own: the run, the page, the notebook."""
    made = {}
    for name in ("complete", "static", "shared"):
        form, folder = Form(**({} if name == "complete" else {name: True})), tmp_path_factory.mktemp(name)
        run = publish("theft_trends", warehouse=retailer.path.parent, reports_dir=folder, form=form)
        assert run.end == "published", run.reason
        made[name] = (run, folder / run.page, nbformat.read(folder / run.notebook, as_version=4))
    return made


def colours(window) -> set[str]:
    """In which colours the marks and texts of the charts are drawn."""
    return set(window.eval_on_selector_all(
        ".plot svg :is(path, text)", "all => all.flatMap(one => [getComputedStyle(one).fill, getComputedStyle(one).stroke])"
    ))  # fmt: skip


def test_a_static_page_has_every_chart_and_no_script_and_is_small(forms, opened):
    run, path, notebook = forms["static"]
    assert run.form == Form(static=True) and path.stat().st_size <= 500_000
    text = path.read_text()
    assert "default-src 'none'; script-src 'none'; " in text.replace("&#39;", "'") and "plotly.js" not in text.lower()
    assert re.findall("<script[^>]*>", text) == ['<script type="application/json" id="report-record" data-packed>']
    for options in ({}, {"java_script_enabled": False}):
        window = opened(path, color_scheme="light", viewport={"width": 1280, "height": 900}, **options)
        charts = window.locator(".plot")
        assert charts.count() >= 5
        for number in range(charts.count()):
            box = charts.nth(number).bounding_box()
            assert box["width"] > 300 and box["height"] > 60
            assert charts.nth(number).locator("svg:visible").count() == 1
            assert charts.nth(number).locator("svg:visible path").count() > 3
    complete = opened(forms["complete"][1], color_scheme="light", viewport={"width": 1280, "height": 900})
    complete.wait_for_selector("html[data-charts=done]", state="attached")
    texts = [[one.text_content() for one in page.locator(".plot svg.main-svg text, .plot svg.wide text").all()] for page in (complete, window)]
    assert sorted(map(str.strip, texts[0])) == sorted(map(str.strip, texts[1]))  # it says what the other form says


def test_a_static_page_follows_dark_paper_and_a_phone(forms, opened):
    path = forms["static"][1]
    window = opened(path, color_scheme="light", viewport={"width": 1280, "height": 900})
    light = colours(window)
    window.emulate_media(color_scheme="dark")
    assert "rgb(21, 33, 43)" in light and "rgb(239, 236, 228)" in colours(window)
    assert not any(colour.startswith("rgb(1, 2,") for colour in light)
    window.emulate_media(media="print", color_scheme="dark")
    assert "rgb(21, 33, 43)" in colours(window)
    window.emulate_media(media="screen")
    window.set_viewport_size({"width": 360, "height": 780})
    assert window.evaluate("document.documentElement.scrollWidth") == 360
    assert window.locator("#exhibit-2 svg.narrow:visible").count() == 1 and not window.locator("svg.wide:visible").count()


def test_without_a_chromium_a_static_page_is_refused_in_one_sentence(retailer, notebooks, tmp_path, without_chromium):
    notebooks("weekly", "1 + 1")
    where = ["--warehouse", retailer.path.parent, "--reports", tmp_path / "shelf"]
    assert command("publish", "weekly", "--static", *where) == (2, f"Error: {NONE}\n")
    assert command("publish", "weekly", "--static", "--shared", *where)[0] == 2


def test_shared_pages_are_small_and_use_what_lies_on_the_shelf(forms, opened):
    run, path, _ = forms["shared"]
    assert path.stat().st_size <= 250_000
    beside = {file.name.split("-")[0] for file in (path.parents[2] / assets.SHARED).iterdir()}
    assert beside == {"look", "plotly", "report"}
    window = opened(path, viewport={"width": 1280, "height": 900})
    window.wait_for_selector("html[data-charts=done]", state="attached")
    for chart in window.locator(".plot").all():
        assert chart.locator("svg path").count() > 3
    assert window.evaluate("document.fonts.check('16px \"Workbench Sans\"')")
    record_there = json.loads(window.locator("#report-record").text_content())
    assert record_there == numbers.read(path)
    assert record_there["exhibits"] == numbers.read(forms["complete"][1])["exhibits"]
    window.evaluate("dispatchEvent(new Event('beforeprint'))")


def test_a_shared_page_saves_its_numbers_charts_and_tables(forms, opened):
    window, saved = opened(forms["shared"][1]), {}
    for kind in ("json", "csv", "svg"):
        with window.expect_download() as saving:
            window.eval_on_selector(f"[data-save={kind}]", "button => button.click()")
        saved[kind] = Path(saving.value.path()).read_text(encoding="utf-8-sig")
    held = numbers.read(forms["shared"][1])
    assert json.loads(saved["json"]) == held
    labels = [column["label"] for column in held["exhibits"][0]["table"]["columns"]]
    assert next(csv.reader(saved["csv"].splitlines())) == labels
    assert saved["svg"].startswith("<svg") and "<path" in saved["svg"]


def test_a_shared_page_whose_files_are_gone_has_its_words_and_is_due(forms, browser, opened, retailer, tmp_path):
    path = tmp_path / "shop/weekly/page.html"
    path.parent.mkdir(parents=True)
    path.write_bytes(forms["shared"][1].read_bytes())
    window = browser.new_page()
    window.goto(path.as_uri())
    assert "In words:" in window.locator("#words-2").inner_text() and window.locator("#exhibit-2 table").is_visible()
    window.close()
    folder, shelf_of = tmp_path / "shelf", forms["shared"][1].parents[2]
    shutil.copytree(shelf_of, folder)
    again = {"warehouse": retailer.path.parent, "reports_dir": folder, "form": Form(shared=True)}
    assert publish("theft_trends", **again).end == "unchanged"
    next((folder / assets.SHARED).glob("plotly*")).unlink()
    assert publish("theft_trends", **again).end == "published"
    assert next((folder / assets.SHARED).glob("plotly*")).is_file()
    superseded = folder / record.superseded(lines(folder)[0])
    window = opened(superseded)  # what was superseded goes on to find what it shares
    window.wait_for_selector("html[data-charts=done]", state="attached")
    assert publish("theft_trends", **again | {"form": Form()}).end == "published"  # another form is another page


def test_islands_are_unpacked_in_the_browser_as_they_were_packed(opened, tmp_path):
    values = ["", "short", "ü€😀 </script>", "abc" * 90_000, bytes(range(256)).hex() * 400, os.urandom(70_000).hex()]
    told = "".join(islands.packed(f"island-{number}", [value]) for number, value in enumerate(values))
    raw = os.urandom(40_000)
    stored = zlib.compressobj(0, wbits=-15)
    packed = base64.b64encode(stored.compress(json.dumps([raw.hex()]).encode()) + stored.flush()).decode()
    told += f'<script type="application/json" id="stored" data-packed>"{packed}"</script>'
    script = (assets.FOLDER / "unpack.js").read_text()
    (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{told}<script>{script}</script>")
    window = opened(tmp_path / "page.html")
    for number, value in enumerate(values):
        assert json.loads(window.locator(f"#island-{number}").text_content()) == [value], number
    assert json.loads(window.locator("#stored").text_content()) == [raw.hex()]


@pytest.mark.parametrize(
    ("form", "old", "new", "fault"),
    [
        ("static", '<svg class="wide"', '<img class="wide"', "has a chart that was not drawn."),
        ("static", "</main>", "<script>x()</script></main>", "The page has 1 scripts; a static one has none."),
        ("static", "</main>", "x" * 500_000 + "</main>", "it must stay below 500,000."),
        ("shared", '<script src="../../shared/plotly-', '<script src="../../other/plotly-', "The page asks for a file beside it: ../../other/plotly-"),
        ("shared", '<script src="../../shared/plotly-', '<script src="https://x.example/plotly-', "leads out of the page: https://x.example"),
        ("shared", "</main>", '<script src="../../shared/more.js"></script></main>', "The page asks for a file beside it: ../../shared/more.js."),
        ("shared", "</main>", "<script>x()</script></main>", "The page holds a script that is not ours"),
        ("complete", "script-src ", "script-src &#39;self&#39; ", "lets in what lies beside it."),
        ("complete", "</main>", '<script src="../../shared/report-0123456789abcdef.js"></script></main>', "The page asks for a file beside it"),
    ],
)  # fmt: skip
def test_a_broken_page_of_each_form_has_a_fault(forms, form, old, new, fault):
    run, path, notebook = forms[form]
    text = path.read_text()
    assert proof.faults(text, notebook, run.form) == [] and old in text
    count = -1 if old.startswith("<svg") else 1
    assert any(fault in one for one in proof.faults(text.replace(old, new, count), notebook, run.form))
