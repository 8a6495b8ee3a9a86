"""The record of the shelf: every run that was to make a page.

runs.jsonl is the record: a line per run, and one for each run of a pack as it begins. shelf.sqlite is made from it as
lines come, and may be lost: of each page (a report, month and scope) it holds the newest run and those that made a
page, so that nothing has to read all of a long history.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from filelock import FileLock

from retail_analytics.errors import WorkbenchError
from retail_analytics.language import ENGLISH
from retail_analytics.publishing.hidden import hidden
from retail_analytics.warehouse import NOW

RUNS, STATE, SUPERSEDED = "runs.jsonl", "shelf.sqlite", "superseded"
GOOD = ("published", "unchanged")
FILES = ("page", "pdf", "notebook")  # of a run that made a page
SERIES = ("warehouse", "report", "scope", "known_by", "language")  # what one page after the other is about
EDITION = (*SERIES, "month")  # what one page is about
NAMED = ", ".join(EDITION)
TABLES = f"""
CREATE TABLE IF NOT EXISTS taken (bytes INTEGER, unread INTEGER, number INTEGER);
CREATE TABLE IF NOT EXISTS newest ({NAMED}, number INTEGER, record TEXT, PRIMARY KEY ({NAMED}));
CREATE TABLE IF NOT EXISTS pages ({NAMED}, number INTEGER PRIMARY KEY, run TEXT, record TEXT);
CREATE INDEX IF NOT EXISTS editions ON pages ({NAMED});
CREATE TABLE IF NOT EXISTS batches (run TEXT PRIMARY KEY, record TEXT);
CREATE TABLE IF NOT EXISTS months (month TEXT PRIMARY KEY, number INTEGER);
"""  # the newest run of each edition; all that made a page; the newest run that the page of a month shows
VERSION = crc32(TABLES.encode()) >> 1
SAME_SERIES, SAME = (" AND ".join(f"{name} = ?" for name in of) for of in (SERIES, EDITION))


@dataclass(frozen=True)
class Keep:
    """What is kept of the past: of each report and scope the pages of so many months, and so many superseded pages;
    for so many days the record of runs that made no page; whatever is pinned. None keeps all.
    """

    months: int | None = None
    superseded: int | None = None
    days: int | None = None
    pinned: tuple[str, ...] = ()  # runs


def make(reports_dir: Path) -> None:
    """Make the folder, if need be. Raises WorkbenchError if no page can be written there."""
    try:
        Path(reports_dir).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=reports_dir).close()
    except OSError as error:
        sentence = f"The reports folder {reports_dir} cannot be written: {error.strerror}. Name another with --reports."
        raise WorkbenchError(sentence) from None


def append(reports_dir: Path, record: dict) -> None:
    """Add one run to runs.jsonl as one whole line, without secrets; runs that end at the same time wait for each other.

    Raises WorkbenchError if it cannot be written.
    """
    reports_dir = Path(reports_dir)
    line = hidden(json.dumps(record, sort_keys=True, default=str)).encode() + b"\n"
    try:
        with _locked(reports_dir), open(reports_dir / RUNS, "ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a writer was killed in the middle of its line
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WorkbenchError(f"{reports_dir / RUNS} cannot be written: {error.strerror}. Make room for it.") from None


def newest_page(reports_dir: Path, edition: dict) -> dict | None:
    """The run that made the page which stands on the shelf for this warehouse, report, month and scope."""
    with state_of(reports_dir) as state:
        return next(records(state, f"pages WHERE {SAME} ORDER BY number DESC LIMIT 1", edition_of(edition)), None)


def page_before(reports_dir: Path, edition: dict) -> dict | None:
    """The run that made the newest page of the same warehouse, report and scope for an earlier month."""
    with state_of(reports_dir) as state:
        query = f"pages WHERE {SAME_SERIES} AND month < ? ORDER BY month DESC, number DESC LIMIT 1"
        return next(records(state, query, edition_of(edition)), None)


def as_published(reports_dir: Path, run: dict) -> Path | None:
    """The page that a run made, if it stands there as it was made."""
    page = Path(reports_dir).resolve() / run["page"]
    return page if page.is_file() and sha256(page.read_bytes()).hexdigest() == run["page_hash"] else None


def newest_run(reports_dir: Path, edition: dict) -> dict | None:
    """The newest run for this warehouse, report, month and scope, however it ended."""
    with state_of(reports_dir) as state:
        return next(records(state, f"newest WHERE {SAME}", edition_of(edition)), None)


def runs(reports_dir: Path) -> list[dict]:
    """The newest run of each page, oldest first."""
    with state_of(reports_dir) as state:
        return [*records(state, "newest ORDER BY number")]


def batch(reports_dir: Path, run: str) -> dict | None:
    """What a run of a pack was to do, as recorded when it began."""
    with state_of(reports_dir) as state:
        found = state.execute("SELECT record FROM batches WHERE run = ?", (run,)).fetchone()
        return json.loads(found[0]) if found else None


def batches(reports_dir: Path) -> list[str]:
    """The runs of packs, newest first."""
    with state_of(reports_dir) as state:
        return [run for (run,) in state.execute("SELECT run FROM batches ORDER BY run DESC")]


def last_good(reports_dir: Path, run: dict) -> dict | None:
    """The run that made the newest page that is there for the same report and scope; of the same month if there is one,
    never of a later one.
    """
    with state_of(reports_dir) as state:
        return last_good_of(state, reports_dir, run)


def last_good_of(state: sqlite3.Connection, reports_dir: Path, run: dict) -> dict | None:
    """The same, from a state that is open."""
    query = f"pages WHERE {SAME_SERIES} AND month <= ? ORDER BY month DESC, number DESC"
    made = records(state, query, (*edition_of(run)[:-1], run["month"]))
    return next((one for one in made if exists(reports_dir, one["page"])), None)


def exists(reports_dir: Path, page: str | None) -> bool:
    """Whether a page is a file of this shelf; a path that leads out of it is none."""
    if not page or Path(page).is_absolute() or ".." in Path(page).parts:
        return False
    return (reports_dir / page).is_file()


def supersede(reports_dir: Path, before: dict) -> None:
    """Put the page of an earlier run, its PDF and its notebook, where superseded pages are kept."""
    for kind in filter(before.get, FILES):
        path = reports_dir / before[kind]
        if path.is_file():
            aside = reports_dir / superseded(before, kind)
            aside.parent.mkdir(exist_ok=True)
            path.replace(aside)


def superseded(run: dict, kind: str = "page") -> str:
    """Where the page, PDF or notebook of a run is once another has taken its place: as deep as before, so that its
    links go on to lead where they led.
    """
    path = Path(run[kind])
    folder = path.parent.with_name(f"{path.parent.name}-{SUPERSEDED}")
    return (folder / f"{path.stem}-{run['run']}{path.suffix}").as_posix()


def retire(reports_dir: Path, keep: Keep, warehouse_reports: set[tuple[str, str]]) -> int:
    """Remove what is not kept of these reports (warehouse, report): pages, notebooks, lines of the record.

    Gives how many pages went.
    """
    reports_dir, gone = Path(reports_dir), 0
    with _locked(reports_dir), state_of(reports_dir) as state:
        for series in state.execute(f"SELECT DISTINCT {', '.join(SERIES)} FROM newest").fetchall():
            if tuple(series[:2]) in warehouse_reports:
                gone += _retire_series(reports_dir, state, keep, series)
        if keep.days is not None:
            _shorten_record(reports_dir, state, keep.days, warehouse_reports)
        state.commit()
    return gone


def _retire_series(reports_dir: Path, state: sqlite3.Connection, keep: Keep, series: tuple) -> int:
    made = [*records(state, f"pages WHERE {SAME_SERIES} ORDER BY number DESC", series)]
    standing: dict[str, dict] = {}
    for run in made:
        standing.setdefault(run["month"], run)
    past = [run for run in made if standing[run["month"]] is not run]
    months = sorted(standing, reverse=True)
    old = [standing[month] for month in months[keep.months :]] if keep.months is not None else []
    leaving = [(run, *(run[kind] for kind in filter(run.get, FILES))) for run in old]
    if keep.superseded is not None:
        beyond = past[keep.superseded :]
        leaving += [(run, *(superseded(run, kind) for kind in filter(run.get, FILES))) for run in beyond]
    leaving = [one for one in leaving if one[0]["run"] not in keep.pinned]
    for run, *paths in leaving:
        for path in paths:
            (reports_dir / path).unlink(missing_ok=True)
        state.execute("DELETE FROM pages WHERE run = ?", (run["run"],))
        state.execute("DELETE FROM months WHERE month = ?", (run["month"],))  # its page is written again
        if run in old:
            for newest in records(state, f"newest WHERE {SAME}", edition_of(run)):
                if newest.get("failure_page"):
                    (reports_dir / newest["failure_page"]).unlink(missing_ok=True)
                    (reports_dir / newest["failure_page"]).with_suffix(".ipynb").unlink(missing_ok=True)
            state.execute(f"DELETE FROM newest WHERE {SAME}", edition_of(run))
    return len(leaving)


def _shorten_record(reports_dir: Path, state: sqlite3.Connection, days: int, of: set[tuple[str, str]]) -> None:
    """Write the record again without runs of these reports that are older than so many days, made no page that is
    here, and are not the newest; and without runs of packs that are as old.
    """
    since = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    kept = {run["run"] for table in ("pages", "newest") for run in records(state, table)}
    lines, left = (reports_dir / RUNS).read_bytes().splitlines(keepends=True), []
    for line in lines:
        run = _parsed(line)
        other = run and "due" not in run and (run["warehouse"], run["report"]) not in of
        if run is None or other or run["run"] in kept or run["started"] >= since:
            left.append(line)
    if len(left) < len(lines):
        replaced(reports_dir / RUNS, b"".join(left).decode())
        state.execute("UPDATE taken SET bytes = ?", (sum(map(len, left)),))


@contextmanager
def state_of(reports_dir: Path) -> Iterator[sqlite3.Connection]:
    """shelf.sqlite, with every whole line of the record taken in."""
    path = Path(reports_dir) / STATE
    if not path.parent.is_dir():
        path = ":memory:"  # nothing has been published here
    state = sqlite3.connect(path, timeout=60)
    try:
        try:
            _take_in(state, Path(reports_dir) / RUNS)
        except sqlite3.OperationalError as error:
            raise WorkbenchError(f"{path} cannot be written: {error}. Make room for it, or remove it.") from None
        except sqlite3.DatabaseError:  # damaged: it is made again
            state.close()
            Path(path).unlink()
            state = sqlite3.connect(path, timeout=60)
            _take_in(state, Path(reports_dir) / RUNS)
        yield state
    finally:
        state.close()


def _take_in(state: sqlite3.Connection, record: Path) -> None:
    version = state.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        raise sqlite3.DatabaseError("it is that of another version")
    if not version:
        state.executescript(f"{TABLES}PRAGMA user_version = {VERSION};")
    size = record.stat().st_size if record.is_file() else 0
    if state.execute("SELECT bytes FROM taken").fetchone() == (size,):
        return
    state.execute("BEGIN IMMEDIATE")
    taken, unread, number = state.execute("SELECT bytes, unread, number FROM taken").fetchone() or (0, 0, 0)
    if size < taken:  # another record than the one that was taken in
        taken = unread = 0
        for table in ("newest", "pages", "batches", "months"):
            state.execute(f"DELETE FROM {table}")
    if size > taken:
        with record.open("rb") as file:
            file.seek(taken)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # it is being written
                taken, number = taken + len(line), number + 1
                unread += _take(state, line, number)
    state.execute("DELETE FROM taken")
    state.execute("INSERT INTO taken VALUES (?, ?, ?)", (taken, unread, number))
    state.commit()


def _take(state: sqlite3.Connection, line: bytes, number: int) -> int:
    """Take a line in; gives 1 if it cannot be read."""
    run = _parsed(line)
    if run is None:
        return int(bool(line.strip()))
    text = line.decode()
    if "due" in run:
        state.execute("INSERT OR REPLACE INTO batches VALUES (?, ?)", (run["run"], text))
        return 0
    edition = edition_of(run)
    state.execute("INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*edition, number, text))
    if run["end"] == "published":
        values = (*edition, number, run["run"], text)
        state.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    return 0


def _parsed(line: bytes) -> dict | None:
    try:
        run = json.loads(line)
        return run if isinstance(run, dict) and "run" in run else None
    except ValueError:
        return None


def records(state: sqlite3.Connection, of: str, values: tuple = ()) -> Iterator[dict]:
    """The runs of a table of the state, those that a condition behind its name lets through."""
    for (record,) in state.execute(f"SELECT record FROM {of}", values):
        yield json.loads(record)


def edition_of(run: dict) -> tuple:
    """Runs that are about the same: the newest of them counts."""
    return run["warehouse"], run["report"], run["scope"], known_by_of(run), language_of(run), run["month"]


def known_by_of(run: dict) -> str:
    return run["parameters"].get("known_by", NOW)


def language_of(run: dict) -> str:
    return run["parameters"].get("language", ENGLISH)


def _locked(reports_dir: Path) -> FileLock:
    return FileLock(reports_dir / f"{RUNS}.lock")


def replaced(path: Path, text: str) -> Path:
    """Write a file whole or not at all: readers see the old one until the new one is complete."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except OSError:
            Path(file.name).unlink()
            raise
    return path
