"""The forms of a page, with a real Chromium, and without one: the PDF beside it."""

import json
import re
import stat
import time
from pathlib import Path

import psutil
import pytest

from retail_analytics.errors import ParameterError, SourceError, WorkbenchError
from retail_analytics.publishing import chromium, record, shelf
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
    with pytest.raises(WorkbenchError, match="made no PDF of the page: Running without a sandbox is not supported."):
        chromium.pdf(tmp_path / "page.html", tmp_path / "page.pdf")
