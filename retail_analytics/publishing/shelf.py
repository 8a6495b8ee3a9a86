"""The shelf: where readers find the pages. Its index is written from the record of all runs."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote

from retail_analytics.language import ENGLISH, name_of
from retail_analytics.publishing.brand import brand_of
from retail_analytics.publishing.page import day_name, month_name, render, scope_name
from retail_analytics.publishing.record import (
    GOOD,
    RUNS,
    SAME,
    SAME_SERIES,
    SERIES,
    edition_of,
    exists,
    known_by_of,
    language_of,
    last_good_of,
    make,
    records,
    replaced,
    state_of,
    superseded,
)
from retail_analytics.warehouse import NOW

MONTHS = "months"
SHOWN = 5  # superseded pages of a report and month that its page lists
EARLIER = 3  # pages of earlier months beside a conclusion in front
FAILED = 12  # that stand first; the others are marked in the list
WORDS = {
    "published": "Published",
    "unchanged": "Published",
    "refused": "Refused",
    "failed": "Failed",
    "died": "Died",
    "late": "Late",
    "unsafe": "Failed its checks",
}


def index(reports_dir: Path) -> Path:
    """Write reports_dir/index.html, the newest of each report and scope, and a page for each month that has changed.

    What did not publish comes first. Links are relative and lead only to files that exist. Returns the path of the
    index. What it costs depends on how many reports and scopes there are, not on how many months and runs.
    """
    make(reports_dir)
    reports_dir = Path(reports_dir)
    with state_of(reports_dir) as state:
        unread = state.execute("SELECT unread FROM taken").fetchone()[0]
        series = ", ".join(SERIES)
        of_newest_month = f"({series}, month) IN (SELECT {series}, max(month) FROM newest GROUP BY {series})"
        newest = [*records(state, f"newest WHERE {of_newest_month}")]
        rows = _sorted(_row(reports_dir, state, run) for run in newest)
        months = dict(state.execute("SELECT month, max(number) FROM newest GROUP BY month").fetchall())
        shelves = _shelves(rows)
        for row in (row for shelf in shelves for row in shelf["front"]):
            row["earlier"] = _earlier(reports_dir, state, row["edition"])
        written = dict(state.execute("SELECT month, number FROM months"))
        for month, number in months.items():
            if written.get(month) != number or not _month_page(reports_dir, month).is_file():
                _write_month(reports_dir, state, month)
                state.execute("INSERT OR REPLACE INTO months VALUES (?, ?)", (month, number))
        state.commit()
    for path in (reports_dir / MONTHS).glob("*.html"):
        if path.stem not in months:  # all of it is retired
            path.unlink()
    last = max((run["started"] for run in newest), default=None)
    page = render(
        "shelf.html.j2",
        scripts=("shelf.js",),
        title="Report shelf",
        brand=brand_of(reports_dir),
        organisation=_organisation(rows),
        edition=f"{_count(rows)} · newest run {day_name(last)}" if newest else "No runs yet",
        headline=f"{rows[0]['month_name']}: what the reports say" if rows else "The shelf is empty",
        failed=sorted((row for row in rows if row["state"] == "failed"), key=itemgetter("run"), reverse=True),
        most_failed=FAILED,
        shelves=shelves,
        scopes=_scopes(rows),
        months=[{"name": month_name(one), "link": f"{MONTHS}/{one}.html"} for one in sorted(months, reverse=True)],
        unread=f"{unread} lines of {RUNS} could not be read." if unread else "",
        up="",
    )
    return replaced(reports_dir / "index.html", page)


def _month_page(reports_dir: Path, month: str) -> Path:
    return reports_dir / MONTHS / f"{month}.html"


def _write_month(reports_dir: Path, state: sqlite3.Connection, month: str) -> None:
    """All that the shelf has of a month, with what was superseded."""
    rows = _sorted(_row(reports_dir, state, run, "../") for run in records(state, "newest WHERE month = ?", (month,)))
    page = render(
        "shelf.html.j2", scripts=("shelf.js",), title=f"Report shelf, {month_name(month)}",
        brand=brand_of(reports_dir), organisation=_organisation(rows),
        edition=_count(rows), headline=f"{month_name(month)}: all reports", failed=[], most_failed=0, months=[],
        unread="",
        shelves=[one | {"front": []} for one in _shelves(rows)],
        scopes=_scopes(rows), up="../", month=month_name(month),
    )  # fmt: skip
    _month_page(reports_dir, month).parent.mkdir(exist_ok=True)
    replaced(_month_page(reports_dir, month), page)


def _sorted(rows: Iterable[dict]) -> list[dict]:
    """Newest months first, in each what failed first."""
    by_name = sorted(rows, key=lambda row: (row["state"] != "failed", row["title"], row["scope_order"]))
    return sorted(by_name, key=itemgetter("month"), reverse=True)


def _organisation(rows: list[dict]) -> str:
    return rows[0]["shelf"] if len({row["shelf"] for row in rows}) == 1 else "Retail Risk Workbench"


def _scopes(rows: list[dict]) -> list[str]:
    return sorted({row["scope"] for row in rows}, key=lambda scope: (scope != scope_name("all"), scope))


def _row(reports_dir: Path, state: sqlite3.Connection, newest: dict, up: str = "") -> dict:
    """One report, month and scope as the shelf shows it: its newest run, told by all that came before.

    `up` leads from the page that shows it to the shelf.
    """
    there = exists(reports_dir, newest.get("page"))
    published = newest["end"] in GOOD and there
    month, scope = month_name(newest["month"]), scope_name(newest.get("scope_name", newest["scope"]))
    scope += f", as known on {day_name(known_by_of(newest))}" if known_by_of(newest) != NOW else ""
    scope += f", {name_of(language_of(newest))}" if language_of(newest) != ENGLISH else ""
    reason = newest.get("reason") or ("The page is no longer on the shelf." if not published else "")
    data = newest.get("data", newest["shelf"])
    title = newest["title"] if data == newest["shelf"] else f"{newest['title']}, {data}"
    headline = (there and newest.get("headline")) or title
    return {
        "run": newest["run"],
        "edition": edition_of(newest),
        "shelf": newest["shelf"],
        "series": (newest["warehouse"], newest["report"]),
        "title": title,
        "month": newest["month"],
        "month_name": month,
        "scope": scope,
        "scope_order": (newest["scope"] != "all", newest["scope"], known_by_of(newest), language_of(newest)),
        "state": "published" if published else "failed",
        "mark": "late" if newest["end"] == "late" else "published" if published else "failed",
        "word": WORDS[newest["end"]] if published or newest["end"] not in GOOD else "Page missing",
        "reason": reason,
        "headline": headline,
        "link": up + quote(newest["page"]) if published else None,
        "pdf": _link(reports_dir, newest.get("pdf"), up) if published else None,
        "why_link": _link(reports_dir, newest.get("failure_page"), up),
        "last_good": None if published else _last_good(reports_dir, state, newest, up),
        "superseded": _superseded(reports_dir, state, newest, up) if up else [],
        "started": day_name(newest["started"]),
        "size": f"{newest['bytes'] / 1e6:.1f} MB" if newest.get("bytes") else "",
    }


def _last_good(reports_dir: Path, state: sqlite3.Connection, failed: dict, up: str) -> dict | None:
    """The newest page of the same report and scope on the shelf; of the same month if there is one."""
    run = last_good_of(state, reports_dir, failed)
    return run and {"link": up + quote(run["page"]), "name": month_name(run["month"])}


def _earlier(reports_dir: Path, state: sqlite3.Connection, edition: tuple) -> list[dict]:
    """The pages of the last months before, newest first."""
    there: dict[str, str] = {}
    for run in records(state, f"pages WHERE {SAME_SERIES} AND month < ? ORDER BY month DESC, number DESC", edition):
        if exists(reports_dir, run["page"]):
            there.setdefault(month_name(run["month"]), quote(run["page"]))
        if len(there) == EARLIER:
            break
    return [{"link": link, "name": name} for name, link in there.items()]


def _superseded(reports_dir: Path, state: sqlite3.Connection, newest: dict, up: str) -> list[dict]:
    """The last pages that stood there before, newest first."""
    made = records(state, f"pages WHERE {SAME} ORDER BY number DESC LIMIT {SHOWN + 1}", edition_of(newest))
    there = [(run, page) for run in made if exists(reports_dir, page := superseded(run))]
    return [
        {"link": up + quote(page), "when": f"{day_name(run['started'])}, {run['started'][11:16]} UTC",
         "headline": run.get("headline", "")} for run, page in there
    ]  # fmt: skip


def _shelves(rows: list[dict]) -> list[dict]:
    return [_shelf(name, of_shelf) for name, of_shelf in sorted(_grouped(rows, itemgetter("shelf")).items())]


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


def _grouped(things: list, key) -> dict:
    groups = defaultdict(list)
    for thing in things:
        groups[key(thing)].append(thing)
    return groups


def _link(reports_dir: Path, page: str | None, up: str) -> str | None:
    return up + quote(page) if exists(reports_dir, page) else None
