"""One report: notebook + parameters → a page on the shelf, or the truth about why not.

A run ends as exactly one of: published, unchanged (same inputs, page there), refused (a pack's bad parameters,
or data that cannot carry it), failed (a cell raised), died (the kernel was killed), late (a cell ran past its
time), unsafe (the finished page failed its checks). Only `published` replaces a page.
"""

import json
import os
import secrets
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import nbformat
from traitlets.config import Config

from retail_analytics.publishing import shelf
from retail_analytics.publishing.parameters import Report, because, checked, nearest, report
from retail_analytics.warehouse import NOW, VARIABLE, Warehouse, open_warehouse

CELL_SECONDS = 600  # longest that one cell may take
PACKAGES = ("duckdb", "ibis-framework", "nbconvert", "papermill", "plotly", "polars", "statsmodels")
MONTH = "%B %Y"


@dataclass(frozen=True)
class Run:
    """One attempt to publish, as it is recorded on the shelf. Paths are relative to the shelf."""

    run: str
    shelf: str
    data: str
    warehouse: str
    report: str
    title: str
    month: str
    scope: str
    end: str
    reason: str | None
    page: str | None
    failure_page: str | None
    headline: str
    started: str
    seconds: float
    snapshot: str
    bytes: int
    parameters: dict
    key: str
    note: str | None = None  # why the newest complete month is not the newest that there are rows of


def publish(
    report_name: str,
    values: dict[str, object] | None = None,
    *,
    warehouse: Path | str | None = None,
    reports_dir: Path,
    shelf_name: str | None = None,
    again: bool = False,
) -> Run:
    """Run a report and put its page on the shelf, at <warehouse>/<report>/<month>[-<scope>][-known-<day>].html.

    Gives the run, whatever its end; the run is recorded in runs.jsonl, the index is left to the caller.
    With the same notebook, parameters, snapshot, code and packages as the page that is there, nothing is
    run (`unchanged`), unless `again`. Raises WorkbenchError for a request that is wrong in itself: an
    unknown report or parameter, a value that cannot be, a warehouse that is not there, a shelf that cannot be
    written.
    """
    asked, values = report(report_name), values or {}
    opened = open_warehouse(warehouse, known_by=values.get("known_by", NOW))
    parameters = checked(opened, asked, values)
    shelf.make(reports_dir)
    place = _Place(opened, reports_dir, asked.name, parameters)
    facts = _facts(opened, asked, parameters, shelf_name)
    facts |= {"key": _key(asked.path, parameters, opened), "note": because(opened, asked, values)}
    before = shelf.newest_page(reports_dir, facts)
    if before and before["key"] == facts["key"] and place.page.is_file() and not again:
        kept = {name: before[name] for name in ("page", "headline", "bytes")}
        return Run(**facts, **kept, end="unchanged", reason=None, failure_page=None, seconds=0.0)
    began = time.monotonic()
    end, reason, headline = _attempt(asked, parameters, opened, place, facts)
    headline = headline or (before or {}).get("headline", "")
    return _recorded(place, facts, end=end, reason=reason, headline=headline, seconds=time.monotonic() - began)


def refuse(
    report_name: str,
    values: dict[str, object],
    reason: str,
    *,
    warehouse: Path | str | None = None,
    reports_dir: Path,
    shelf_name: str | None = None,
) -> Run:
    """Record that a report which was due cannot be published, with a page that says why.

    It stands on the shelf for the month and region that were asked for, as far as they can be told.
    Raises WorkbenchError if the report or the warehouse is unknown, or the shelf cannot be written.
    """
    opened = open_warehouse(warehouse)
    asked = report(report_name)
    parameters = nearest(opened, asked, values)
    shelf.make(reports_dir)
    place = _Place(opened, reports_dir, asked.name, parameters)
    facts = _facts(opened, asked, parameters, shelf_name) | {"key": ""}
    about = _about(asked, parameters, opened, facts)
    _write_failure(place, about, end="refused", reason=reason, where="Before the notebook was started")
    return _recorded(place, facts, end="refused", reason=reason, headline="", seconds=0.0)


def _facts(warehouse: Warehouse, asked: Report, parameters: dict, shelf_name: str | None) -> dict:
    """What is known of a run before it begins."""
    return {
        "run": f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}",
        "shelf": shelf_name or warehouse.title,
        "data": warehouse.title,
        "warehouse": warehouse.path.parent.name,
        "report": asked.name,
        "title": asked.title,
        "month": parameters["last_month"],
        "scope": parameters["region"],
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "snapshot": warehouse.snapshot,
        "parameters": parameters,
    }


def _recorded(place: "_Place", facts: dict, *, end: str, reason: str | None, headline: str, seconds: float) -> Run:
    """The run as it ended, written to the shelf's record."""
    there = place.page.is_file()
    run = Run(
        **facts,
        end=end,
        reason=reason,
        page=place.relative(place.page) if there else None,
        failure_page=None if end == "published" else place.relative(place.failure_page),
        headline=headline,
        seconds=round(seconds, 1),
        bytes=place.page.stat().st_size if there else 0,
    )
    shelf.append(place.reports_dir, asdict(run))
    return run


class _Place:
    """Where the page of a run goes, and the page that says why it did not."""

    def __init__(self, warehouse: Warehouse, reports_dir: Path, report_name: str, parameters: dict):
        self.reports_dir = reports_dir
        scope = "" if parameters["region"] == "all" else f"-{_slug(parameters['region'])}"
        known = f"-known-{warehouse.known_by}" if warehouse.known_by else ""
        name = f"{parameters['last_month']}{scope}{known}"
        folder = reports_dir / warehouse.path.parent.name / report_name
        self.page, self.failure_page = folder / f"{name}.html", folder / f"{name}.failed.html"

    def relative(self, path: Path) -> str:
        return path.relative_to(self.reports_dir).as_posix()


def _attempt(asked, parameters, warehouse, place, facts) -> tuple[str, str | None, str]:
    """End, reason, headline of one attempt; writes the page, or the failure page."""
    import papermill  # slow to import; a run that finds nothing to do never needs it
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from retail_analytics.publishing import page

    about = _about(asked, parameters, warehouse, facts)
    os.environ[VARIABLE] = str(warehouse.path.resolve())
    with tempfile.TemporaryDirectory() as scratch:
        executed = Path(scratch) / "executed.ipynb"
        try:
            papermill.execute_notebook(
                str(asked.path), str(executed), parameters, kernel_name="python3",
                execution_timeout=CELL_SECONDS, progress_bar=False, config=_sockets_in(scratch),
                extra_arguments=["--log-level=CRITICAL"],
            )  # fmt: skip
        except papermill.PapermillExecutionError as error:
            end, reason, where = "failed", f"{error.ename}: {error.evalue}".strip(), error.cell_index
            log = "\n".join(error.traceback)
        except DeadKernelError:
            end, reason, where, log = "died", "The kernel was killed, perhaps for want of memory.", None, ""
        except CellTimeoutError:
            end, reason, where, log = "late", f"A cell ran longer than {CELL_SECONDS} seconds.", None, ""
        except (RuntimeError, ValueError, OSError) as error:
            end, reason, where, log = "died", f"The kernel could not be used: {error}", None, ""
        else:
            notebook = nbformat.read(executed, as_version=4)
            try:
                html = page.html(notebook, about=about)
                faults = page.faults(html, notebook)
            except Exception as error:  # whatever it is: the page is not there, and the run must say so
                faults = [f"The page could not be built: {error!r}"]
            if not faults:
                _write(place.page, html)
                place.failure_page.unlink(missing_ok=True)
                return "published", None, page.headline(notebook)
            end, reason, where, log = "unsafe", faults[0], None, "\n".join(faults)
        _write_failure(place, about, end=end, reason=reason, where=_heading(asked.path, where), log=log)
        return end, reason, ""


def _write_failure(place: _Place, about: dict, **told) -> None:
    from retail_analytics.publishing import page

    last_good = place.page.name if place.page.is_file() else None
    _write(place.failure_page, page.failure(about=about, last_good=last_good, **told))


def _sockets_in(folder: str) -> Config:
    """Talk to the kernel by sockets of its own in this folder: no ports to race for, nothing in the clear."""
    return Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"})


def _about(asked, parameters, warehouse, facts) -> dict:
    """What the page's head and foot say about the run."""
    month = datetime.strptime(parameters["last_month"], "%Y-%m")
    known = max((row["covered_to"] for row in warehouse.coverage.values()), default=None)
    return {
        "title": asked.title,
        "organisation": warehouse.title,
        "report": asked.name,
        "month": month.strftime(MONTH),
        "scope": parameters["region"],
        "as_known": known and known.strftime("%-d %B %Y"),
        "shelf_link": "../../index.html",
        "snapshot": warehouse.snapshot,
        "run": facts["run"],
        "parameters": parameters,
    }


def _key(notebook: Path, parameters: dict, warehouse: Warehouse) -> str:
    """A fingerprint of everything that the page depends on."""
    parts = [notebook.read_bytes(), json.dumps(parameters, sort_keys=True).encode(), warehouse.snapshot.encode()]
    parts += [f"{name} {version(name)}".encode() for name in PACKAGES]
    library = Path(__file__).parents[1]
    parts += [path.read_bytes() for path in sorted(library.rglob("*")) if path.suffix in CODE and path.is_file()]
    return sha256(b"\0".join(parts)).hexdigest()


CODE = {".py", ".sql", ".yaml", ".j2", ".css", ".js", ".json"}


def _heading(notebook: Path, cell_index: int | None) -> str:
    """Which cell: its number and the heading above it."""
    if cell_index is None:
        return "The notebook as a whole"
    cells = nbformat.read(notebook, as_version=4).cells
    above = [c.source for c in cells[: cell_index + 1] if c.cell_type == "markdown" and c.source.startswith("#")]
    heading = above[-1].splitlines()[0].lstrip("# ") if above else "the beginning"
    return f"Cell {cell_index + 1} of {notebook.name}, under “{heading}”"


def _write(path: Path, text: str) -> None:
    """The whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.with_suffix(".building")
    building.write_text(text, encoding="utf-8")
    building.replace(path)


def _slug(name: str) -> str:
    plain = "".join(c if c.isalnum() else "-" for c in name.lower())
    return "-".join(part for part in plain.split("-") if part)
