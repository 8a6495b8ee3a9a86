"""A Chromium on the machine, for what needs a browser: the PDF of a page, and charts that are drawn beforehand.

Only its command line is used: no driver of it has to be installed.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from retail_analytics.errors import WorkbenchError
from retail_analytics.publishing.assets import content_hash

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
VARIABLE = "CHROMIUM"
ON_A4 = "@page { size: A4 }"
SECONDS = 60  # that a page may take; it takes one or two
OPTIONS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-breakpad",
    "--disable-component-update", "--disable-extensions", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def needed() -> str:
    """The browser: the one that the variable names, else the first of those on the path.

    Raises WorkbenchError with the sentence that says how to get one.
    """
    named = os.environ.get(VARIABLE)
    for name in [named] if named else NAMES:
        if path := shutil.which(name):
            return path
    there = f"{VARIABLE} names {named}, which cannot be run" if named else "There is no Chromium on this machine"
    raise WorkbenchError(
        f"{there}: install Chromium or Google Chrome (Debian: apt-get install chromium), "
        f"or name the program in the variable {VARIABLE}."
    )


def pdf(page: Path, to: Path) -> None:
    """Print a page on A4 as a browser prints it, charts drawn for paper.

    A page says no size of paper, and Chromium would take Letter: the copy that is printed says it, and its policy
    admits that. Raises WorkbenchError if that gives no PDF.
    """
    text = page.read_text(encoding="utf-8").replace("style-src ", f"style-src {content_hash(ON_A4)} ", 1)
    sized = page.with_suffix(".a4.html")
    sized.write_text(text.replace("</head>", f"<style>{ON_A4}</style></head>", 1), encoding="utf-8")
    try:
        said = _run(sized, to.parent, "--no-pdf-header-footer", f"--print-to-pdf={to}")
    finally:
        sized.unlink()
    if not (to.is_file() and to.read_bytes()[:5] == b"%PDF-"):
        raise WorkbenchError(f"Chromium made no PDF of the page{said}.")


def loaded(page: Path) -> str:
    """The HTML of a page once its scripts have run. Raises WorkbenchError if there is none."""
    html = page.with_suffix(".loaded")
    said = _run(page, page.parent, "--window-size=1440,900", "--dump-dom", to=html)
    text = html.read_text(encoding="utf-8")
    if "</html>" not in text:
        raise WorkbenchError(f"Chromium did not open the page{said}.")
    return text


def _run(page: Path, folder: Path, *words: str, to: Path | None = None) -> str:
    """Let Chromium open a page and end; its last words for a message. In time or not, nothing of it is left."""
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(dir=folder, prefix="chromium-", ignore_cleanup_errors=True) as own:
        log, out = Path(own, "log"), to or Path(os.devnull)
        command = [needed(), *OPTIONS, *root, f"--user-data-dir={own}", *words, page.resolve().as_uri()]
        home = {"XDG_CONFIG_HOME": own, "XDG_CACHE_HOME": own}  # else it leaves a folder at home
        with out.open("wb") as output, log.open("wb") as errors:
            # In the process group of the run, which is ended with all of it when the run is.
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                       env=os.environ | home)  # fmt: skip
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                raise WorkbenchError(f"Chromium took longer than {SECONDS} seconds over the page.") from None
            finally:
                _end(process)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines and process.returncode else ""


def _end(process: subprocess.Popen) -> None:
    """End a process with all that it has started, and wait for it."""
    if process.poll() is not None:
        return
    with suppress(psutil.Error):
        main = psutil.Process(process.pid)
        for one in (*main.children(recursive=True), main):
            with suppress(psutil.Error):
                one.kill()
    process.wait()
