"""The shelf: where readers find the pages. Its index is rebuilt from runs.jsonl, one line per run."""

import json
import os
import tempfile
from collections import defaultdict
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock

from retail_analytics.errors import WorkbenchError
from retail_analytics.publishing.page import day_name, month_name, render, scope_name
from retail_analytics.warehouse import NOW

RUNS = "runs.jsonl"
GOOD = ("published", "unchanged")
WORDS = {
    "published": "Published",
    "unchanged": "Published",
    "refused": "Refused",
    "failed": "Failed",
    "died": "Died",
    "late": "Late",
    "unsafe": "Failed its checks",
}


def make(reports_dir: Path) -> None:
    """Make the folder, if need be. Raises WorkbenchError if no page can be written there."""
    try:
        Path(reports_dir).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=reports_dir).close()
    except OSError as error:
        sentence = f"The reports folder {reports_dir} cannot be written: {error.strerror}. Name another with --reports."
        raise WorkbenchError(sentence) from None


def append(reports_dir: Path, record: dict) -> None:
    """Add one run to runs.jsonl as one whole line; runs that end at the same time wait for each other."""
    reports_dir = Path(reports_dir)
    line = json.dumps(record, sort_keys=True, default=str).encode() + b"\n"
    with FileLock(reports_dir / f"{RUNS}.lock"), open(reports_dir / RUNS, "ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a writer was killed in the middle of its line
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def newest_page(reports_dir: Path, edition: dict) -> dict | None:
    """The run that made the page which stands on the shelf for this warehouse, report, month and scope."""
    same = [run for run in runs(reports_dir) if _key(run) == _key(edition) and run["end"] in GOOD]
    return same[-1] if same else None


def runs(reports_dir: Path) -> list[dict]:
    """Every run recorded on the shelf, oldest first."""
    return _read(Path(reports_dir) / RUNS)[0]


def index(reports_dir: Path) -> Path:
    """Rebuild reports_dir/index.html: per report, month and scope the newest run; what did not publish first.

    Links are relative and lead only to files that exist. Returns the path of the index.
    """
    make(reports_dir)
    reports_dir = Path(reports_dir)
    known, unread = _read(reports_dir / RUNS)
    histories = _grouped(known, _key)
    rows = [_row(reports_dir, history, known) for history in histories.values()]
    rows.sort(key=lambda row: (row["title"], row["scope_order"]))
    rows.sort(key=lambda row: row["month"], reverse=True)
    exceptions = [row for row in rows if row["state"] == "failed"]
    page = render(
        "shelf.html.j2",
        script="shelf.js",
        title="Report shelf",
        brand=rows[0]["shelf"] if len({row["shelf"] for row in rows}) == 1 else "Retail Risk Workbench",
        edition=f"{_count(rows)} · newest run {day_name(known[-1]['started'])}" if known else "No runs yet",
        headline=f"{rows[0]['month_name']}: what the reports say" if rows else "The shelf is empty",
        exceptions=exceptions,
        shelves=[_shelf(name, group) for name, group in sorted(_grouped(rows, itemgetter("shelf")).items())],
        scopes=sorted({row["scope"] for row in rows}, key=lambda scope: (scope != scope_name("all"), scope)),
        unread=f"{unread} lines of {RUNS} could not be read." if unread else "",
    )
    return _replace(reports_dir / "index.html", page)


def _read(path: Path) -> tuple[list[dict], int]:
    """The runs, oldest first, and how many lines were damaged."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    runs, unread = [], 0
    for line in filter(str.strip, lines):
        try:
            runs.append(json.loads(line))
        except json.JSONDecodeError:
            unread += 1
    return sorted(runs, key=lambda run: run["started"]), unread


def _row(reports_dir: Path, history: list[dict], runs: list[dict]) -> dict:
    """One report, month and scope as the shelf shows it: its newest run, told by all that came before."""
    newest = history[-1]
    good = [run for run in history if run["end"] in GOOD and _exists(reports_dir, run.get("page"))]
    published = newest["end"] in GOOD and newest in good
    month, scope = month_name(newest["month"]), scope_name(newest["scope"])
    scope += f", as known on {day_name(_known_by(newest))}" if _known_by(newest) != NOW else ""
    reason = newest.get("reason") or ("The page is no longer on the shelf." if not published else "")
    data = newest.get("data", newest["shelf"])
    title = newest["title"] if data == newest["shelf"] else f"{newest['title']}, {data}"
    headline = next((run["headline"] for run in reversed(good) if run.get("headline")), title)
    return {
        "shelf": newest["shelf"],
        "series": (newest["warehouse"], newest["report"]),
        "title": title,
        "month": newest["month"],
        "month_name": month,
        "scope": scope,
        "scope_order": (newest["scope"] != "all", newest["scope"], _known_by(newest)),
        "state": "published" if published else "failed",
        "mark": "late" if newest["end"] == "late" else "published" if published else "failed",
        "word": WORDS[newest["end"]] if published or newest["end"] not in GOOD else "Page missing",
        "reason": reason,
        "headline": headline,
        "link": quote(newest["page"]) if published else None,
        "why_link": _link(reports_dir, newest.get("failure_page")),
        "last_good": None if published else _last_good(reports_dir, newest, runs),
        "started": day_name(newest["started"]),
        "size": f"{newest['bytes'] / 1e6:.1f} MB" if newest.get("bytes") else "",
        "find": " ".join([title, month, newest["month"], scope, headline, reason]).lower(),
    }


def _last_good(reports_dir: Path, failed: dict, runs: list[dict]) -> dict | None:
    """The newest page of the same report and scope on the shelf; of the same month if there is one."""
    same = [
        run
        for run in runs
        if all(run[key] == failed[key] for key in ("warehouse", "report", "scope"))
        and _known_by(run) == _known_by(failed)
        and run["month"] <= failed["month"]
        and run["end"] in GOOD
        and _exists(reports_dir, run.get("page"))
    ]
    if not same:
        return None
    best = max(same, key=lambda run: run["month"])
    return {"link": quote(best["page"]), "name": month_name(best["month"])}


def _shelf(name: str, rows: list[dict]) -> dict:
    """One shelf: in front each report's newest conclusion about all regions, then every month."""
    months = _grouped(rows, itemgetter("month"))
    published = [row for row in rows if row["state"] == "published" and row["scope"] == scope_name("all")]
    front = {row["series"]: row for row in sorted(published, key=itemgetter("month"))}.values()
    return {
        "name": name,
        "front": sorted(front, key=lambda row: (row["series"][1] != "executive_summary", row["title"])),
        "months": [
            {"name": month_name(month), "rows": of_month, "line": _count(of_month)}
            for month, of_month in sorted(months.items(), reverse=True)
        ],
    }


def _count(rows: list[dict]) -> str:
    failed = sum(row["state"] == "failed" for row in rows)
    return f"{len(rows) - failed} published" + (f", {failed} not published" if failed else "")


def _key(run: dict) -> tuple:
    """Runs that are about the same: the newest of them counts."""
    return run["warehouse"], run["report"], run["month"], run["scope"], _known_by(run)


def _known_by(run: dict) -> str:
    return run["parameters"].get("known_by", NOW)


def _grouped(things: list, key) -> dict:
    groups = defaultdict(list)
    for thing in things:
        groups[key(thing)].append(thing)
    return groups


def _link(reports_dir: Path, page: str | None) -> str | None:
    return quote(page) if _exists(reports_dir, page) else None


def _exists(reports_dir: Path, page: str | None) -> bool:
    """Whether a page is a file of this shelf; a path that leads out of it is none."""
    if not page or Path(page).is_absolute() or ".." in Path(page).parts:
        return False
    return (reports_dir / page).is_file()


def _replace(path: Path, text: str) -> Path:
    """Write a file whole or not at all: readers see the old one until the new one is complete."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return path
