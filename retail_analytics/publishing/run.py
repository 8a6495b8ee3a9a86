"""One report: notebook + parameters → a page on the shelf, or the truth about why not.

A run ends as exactly one of: published, unchanged (same inputs, page there), refused (bad parameters, or data that
cannot carry it), failed (a cell raised), died (a process was killed), late (past its deadline), unsafe (the finished
page failed its checks). Only `published` replaces a page.
"""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import psutil

from retail_analytics.errors import UnknownName, WorkbenchError
from retail_analytics.language import ENGLISH, languages, phrase, speaking, written
from retail_analytics.publishing import advice, choices, chromium, record
from retail_analytics.publishing.brand import PLAIN, Brand, brand_of
from retail_analytics.publishing.forms import COMPLETE, Form
from retail_analytics.publishing.hidden import hidden, refuse_secrets
from retail_analytics.publishing.parameters import Report, because, checked, nearest, report
from retail_analytics.publishing.reasons import inputs, no_pdf, why_due
from retail_analytics.publishing.watch import NOTEBOOK, PAGE, PDF, SOCKETS, Attempt, Outcome, outcomes, sweep
from retail_analytics.warehouse import NOW, TABLES, Warehouse, open_warehouse
from retail_analytics.warehouse.scopes import Scope

KEPT = ("page", "page_hash", "pdf", "pdf_hash", "notebook", "bytes", "headline")  # of the page that stays
BUILDING = ".building"  # the folder of the shelf where pages are made


@dataclass(frozen=True)
class Limits:
    """What a report may take: seconds until it is late, bytes of memory, attempts if its process dies or is late."""

    seconds: float = 600
    memory: float = psutil.virtual_memory().total / 2
    attempts: int = 1


@dataclass(frozen=True)
class Due:
    """A report that is asked for; `parameters` as they were written."""

    report: str
    warehouse: Path | str | None
    parameters: dict
    shelf: str | None = None  # the title over its pages; the warehouse's when not given
    form: Form = COMPLETE

    @property
    def name(self) -> str:
        scope, language = self.parameters.get("scope", "all"), self.parameters.get("language", ENGLISH)
        beside = [*([] if scope == "all" else [scope]), *([] if language == ENGLISH else [language])]
        return " · ".join([self.report, Path(self.warehouse).name, *beside])


@dataclass(frozen=True)
class Run:
    """One attempt to publish, as it is recorded on the shelf. Paths are relative to the shelf."""

    run: str
    batch: str | None  # the run of a pack to which it belongs
    shelf: str
    data: str
    warehouse: str
    report: str
    title: str
    month: str
    scope: str
    scope_name: str  # how readers know it
    parameters: dict
    form: Form
    snapshot: str
    inputs: dict  # what the page depends on, as fingerprints: notebook, code, what of it makes numbers, packages, data
    started: str
    end: str
    reason: str | None = None
    seconds: float = 0.0
    attempts: int = 0
    page: str | None = None
    page_hash: str | None = None
    pdf: str | None = None
    pdf_hash: str | None = None
    missing: str | None = None  # why there is no PDF though it was asked for
    notebook: str | None = None
    failure_page: str | None = None
    headline: str = ""
    bytes: int = 0
    note: str | None = None  # why the newest complete month is not the newest that there are rows of

    @property
    def well(self) -> bool:
        """Whether all that was asked for is there."""
        return self.end in record.GOOD and not self.missing


@dataclass(frozen=True, eq=False)
class Prepared:
    """A report that is to be run: what was asked, why it is due, and what is known of the run before it begins."""

    due: Due
    asked: Report
    opened: Warehouse
    facts: dict
    why: list[str]
    before: dict | None  # the run that made the page which is there
    brand: Brand = PLAIN
    limits: Limits = Limits()


def publish(
    report_name: str,
    values: dict[str, object] | None = None,
    *,
    warehouse: Path | str | None = None,
    reports_dir: Path,
    shelf_name: str | None = None,
    form: Form = COMPLETE,
    again: bool = False,
    limits: Limits = Limits(),
) -> Run:
    """Run a report and put its page on the shelf,
    at <warehouse>/<report>/<month>[-<scope>][-known-<day>].html (.de.html).

    Gives the run, whatever its end; the run is recorded in runs.jsonl, the index is left to the caller.
    With the same notebook, parameters, form, contents of the tables it reads, code and packages as the page that is
    there, nothing is run (`unchanged`), unless `again`. Raises WorkbenchError for a request that is wrong in itself: an
    unknown report or parameter, a value that cannot be, a warehouse that is not there, a shelf that cannot be
    written.
    """
    due = Due(report_name, warehouse, values or {}, shelf_name, form)
    prepared = prepare(due, open_warehouse(warehouse), reports_dir, again=again)
    record.make(reports_dir)
    if isinstance(prepared, Run):
        return recorded(reports_dir, prepared)
    return next(runs_of(iter([replace(prepared, limits=limits)]), reports_dir, workers=1))


def prepare(
    due: Due, opened: Warehouse, reports_dir: Path, *, again: bool = False, batch: str | None = None
) -> Prepared | Run:
    """What is to be run, or the `unchanged` run of a page that needs none. Raises WorkbenchError as `publish` does."""
    asked, values = report(due.report), due.parameters
    refuse_secrets(asked, values)
    opened = opened.as_known(None if values.get("known_by", NOW) == NOW else values["known_by"])
    parameters = checked(opened, asked, values)
    facts = _facts(opened, asked, parameters, due, batch)
    brand = brand_of(reports_dir)
    facts |= {"note": because(opened, asked, values), "inputs": inputs(asked.path, brand)}
    before = record.newest_page(reports_dir, facts)
    why = ["asked for again"] if again else why_due(before, facts, opened, reports_dir)
    if why:
        if due.form.static:
            chromium.needed()
        return Prepared(due, asked, opened, facts, why, before, brand)
    kept = {name: before.get(name) for name in (*KEPT, "inputs")}
    return Run(**facts | kept, end="unchanged", missing=no_pdf(before, due.form, reports_dir))


def runs_of(prepared: Iterator[Prepared], reports_dir: Path, *, workers: int) -> Iterator[Run]:
    """Each as it ended, its page on the shelf and its line in the record. An interruption is passed on at the end.

    Raises WorkbenchError where nothing can be written any more.
    """
    begun: dict[Attempt, Prepared] = {}
    ended: list[Run] = []

    def attempts() -> Iterator[Attempt]:
        for one in prepared:
            attempt = _attempt(one, reports_dir)
            begun[attempt] = one
            yield attempt

    sweep(reports_dir / BUILDING)
    sweep(Path(tempfile.gettempdir()), SOCKETS)
    try:
        for attempt, outcome in outcomes(attempts(), workers=workers):
            one, put = begun.pop(attempt), _published if outcome.end == "published" else _failed
            try:
                ended.append(put(one, attempt.folder, outcome, reports_dir, ended))
                yield ended[-1]
            finally:
                shutil.rmtree(attempt.folder, ignore_errors=True)
    except OSError as error:
        raise WorkbenchError(f"The run cannot go on: {error}.") from None


def refuse(due: Due, reason: str, reports_dir: Path, *, opened: Warehouse, batch: str | None = None) -> Run:
    """Record that a report which was due cannot be published, with a page that says why.

    It stands on the shelf for the month and scope that were asked for, as far as they can be told.
    Raises WorkbenchError if the report is unknown, or the shelf cannot be written.
    """
    asked = report(due.report)
    shown = {name: hidden(value) if isinstance(value, str) else value for name, value in due.parameters.items()}
    parameters = nearest(opened, asked, shown)
    facts = _facts(opened, asked, parameters, due, batch) | {"inputs": {}}
    outcome = Outcome("refused", hidden(reason))
    return _failed(Prepared(due, asked, opened, facts, [], None, brand_of(reports_dir)), None, outcome, reports_dir, [])


def _facts(warehouse: Warehouse, asked: Report, parameters: dict, due: Due, batch: str | None) -> dict:
    """What is known of a run before it begins."""
    return {
        "run": run_id(),
        "batch": batch,
        "shelf": due.shelf or warehouse.title,
        "data": warehouse.title,
        "warehouse": warehouse.path.parent.name,
        "report": asked.name,
        "title": _title(asked, parameters.get("language", ENGLISH)),
        "month": parameters["last_month"],
        "scope": parameters["scope"],
        "scope_name": _scope(warehouse, parameters["scope"]).label,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "snapshot": warehouse.snapshot,
        "parameters": parameters,
        "form": due.form,
    }


def _title(asked: Report, language: str) -> str:
    """As the page's own language has it; a refused request may name one that there is not."""
    with speaking(language if language in languages() else ENGLISH):
        return phrase(asked.title)


def run_id() -> str:
    """A name for a run: the time at which it began, and a few letters."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def _attempt(one: Prepared, reports_dir: Path) -> Attempt:
    folder = reports_dir / BUILDING / f"{os.getpid()}-{one.facts['run']}"
    folder.mkdir(parents=True)
    facts, earlier, form = one.facts, [record.page_before(reports_dir, one.facts), one.before], one.due.form
    since = tuple(page for run in earlier if run and (page := record.as_published(reports_dir, run)))
    offered = () if form.static or form.shared else choices.offered(one.opened, one.asked.name, facts["parameters"])
    about = _about(one, record.language_of(facts))
    return Attempt(one.asked.path, facts["parameters"], one.opened.path, about, form, one.brand, folder, since,
                   **asdict(one.limits), choices=offered)  # fmt: skip


def _published(one: Prepared, made: Path, outcome: Outcome, reports_dir: Path, before: list[Run]) -> Run:
    """Move the page in, the notebook beside it, and record the run."""
    place = _Place(one, reports_dir)
    there = [name for name in (PAGE, PDF) if (made / name).is_file()]
    hashes = {name: sha256((made / name).read_bytes()).hexdigest() for name in there}
    size = (made / PAGE).stat().st_size
    data = {name: one.opened.fingerprint(name, one.facts["scope"]) for name in outcome.read or TABLES}
    try:
        place.page.parent.mkdir(parents=True, exist_ok=True)
        if one.before and place.page.is_file():
            record.supersede(reports_dir, one.before)
        place.pdf.unlink(missing_ok=True)  # of a page that somebody has removed
        if PDF in hashes:
            (made / PDF).replace(place.pdf)
        (made / NOTEBOOK).replace(place.notebook)
        (made / PAGE).replace(place.page)
        place.failure_page.unlink(missing_ok=True)
        place.failed_notebook.unlink(missing_ok=True)
    except OSError as error:
        outcome = replace(outcome, end="died", reason=f"The page could not be put on the shelf: {error}.")
        return _failed(one, made, outcome, reports_dir, before)
    facts = one.facts | {"inputs": one.facts["inputs"] | {"data": data}}
    return recorded(reports_dir, Run(
        **facts, end="published", seconds=outcome.seconds, attempts=outcome.attempts, page=place.relative(place.page),
        page_hash=hashes[PAGE], notebook=place.relative(place.notebook), headline=outcome.headline, bytes=size,
        pdf=place.relative(place.pdf) if PDF in hashes else None, pdf_hash=hashes.get(PDF), missing=outcome.missing,
    ))  # fmt: skip


def _failed(one: Prepared, made: Path | None, outcome: Outcome, reports_dir: Path, before: list[Run]) -> Run:
    """Write the page that says why there is no new one, the notebook as far as it came, and record the run.

    `before` are the runs that ended before it in the same run of packs.
    """
    from retail_analytics.publishing import page  # slow to import; most runs do without it

    place = _Place(one, reports_dir)
    there = place.page.is_file()
    where = "Before the notebook was started" if outcome.end == "refused" else _heading(one.asked.path, outcome.cell)
    outcome = replace(outcome, reason=hidden(outcome.reason or ""), log=hidden(outcome.log))
    given = {name: hidden(str(value)) for name, value in one.due.parameters.items()}
    batch, warehouse = one.facts["batch"], one.due.warehouse
    executed = made and (made / NOTEBOOK).is_file()
    told = page.failure(
        about=_about(one), end=outcome.end, reason=outcome.reason, where=where, seconds=outcome.seconds,
        attempts=outcome.attempts, parameters=advice.origins(one.facts["parameters"], given, batch=batch),
        steps=advice.steps(outcome.end, advice.command(one.asked.name, given, warehouse=warehouse, batch=batch)),
        rest=before, log=outcome.log, last_good=record.last_good(reports_dir, one.facts),
        notebook=place.failed_notebook.name if executed else None, brand=one.brand,
    )  # fmt: skip
    failure_page = place.relative(place.failure_page)
    try:
        place.failure_page.parent.mkdir(parents=True, exist_ok=True)
        record.replaced(place.failure_page, told)
        if executed:
            record.replaced(place.failed_notebook, hidden((made / NOTEBOOK).read_text(encoding="utf-8")))
    except OSError:  # a full disk: the record may still have room
        failure_page = failure_page if place.failure_page.is_file() else None
    kept = {name: one.before.get(name) for name in KEPT} if there and one.before else {}
    return recorded(reports_dir, Run(
        **one.facts | kept, end=outcome.end, reason=outcome.reason, seconds=outcome.seconds,
        attempts=outcome.attempts, failure_page=failure_page,
    ))  # fmt: skip


def recorded(reports_dir: Path, run: Run) -> Run:
    """The run, once it stands in the record."""
    record.append(reports_dir, asdict(run))
    return run


class _Place:
    """Where the page of a run goes, its notebook, and the page that says why it did not."""

    def __init__(self, one: Prepared, reports_dir: Path):
        facts, known_by = one.facts, one.opened.known_by
        self.reports_dir = reports_dir
        slug = _scope(one.opened, facts["scope"]).slug
        name = facts["month"] + (f"-{slug}" if slug else "") + (f"-known-{known_by}" if known_by else "")
        language = record.language_of(facts)
        name += "" if language == ENGLISH else f".{language}"
        folder = reports_dir / facts["warehouse"] / facts["report"]
        self.page, self.pdf, self.notebook = (folder / f"{name}{kind}" for kind in (".html", ".pdf", ".ipynb"))
        self.failure_page, self.failed_notebook = folder / f"{name}.failed.html", folder / f"{name}.failed.ipynb"

    def relative(self, path: Path) -> str:
        return path.relative_to(self.reports_dir).as_posix()


def _about(one: Prepared, language: str = ENGLISH) -> dict:
    """What the page's head and foot say about the run."""
    known = max((row["covered_to"] for row in one.opened.coverage.values()), default=None)
    return {
        "title": _title(one.asked, language),
        "organisation": one.opened.title,
        "report": one.asked.name,
        "month": one.facts["month"],
        "scope": one.facts["scope_name"],
        "as_known": known and _in_words(known, language),
        "shelf_link": "../../index.html",
        "snapshot": one.opened.snapshot,
        "run": one.facts["run"],
        "parameters": one.facts["parameters"],
        "edition": {"month": one.facts["month"], "scope": one.facts["scope"], "as_known": known and known.isoformat(),
                    "made": one.facts["started"]},  # fmt: skip
        "method": one.facts["inputs"],
    }


def _in_words(day: date, language: str) -> str:
    with speaking(language):
        return written(day, f"{day.day} %B %Y", "yMMMMd")


def _heading(notebook: Path, cell_index: int | None) -> str:
    """Which cell: its number and the heading above it."""
    if cell_index is None:
        return "The notebook as a whole"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    above = ["".join(c["source"]) for c in cells[: cell_index + 1] if c["cell_type"] == "markdown"]
    headings = [text.splitlines()[0].lstrip("# ") for text in above if text.startswith("#")]
    return f"Cell {cell_index + 1} of {notebook.name}, under “{headings[-1] if headings else 'the beginning'}”"


def _scope(warehouse: Warehouse, name: str) -> Scope:
    """A scope that is asked for, also one that there is not: a refusal has a page too."""
    try:
        return warehouse.scope(name)
    except UnknownName:
        return Scope(name, "unknown", name)
