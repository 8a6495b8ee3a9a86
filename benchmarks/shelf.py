"""What a run costs the shelf: its line in the record and the index, after a short and a long history.

`python -m benchmarks.shelf 50_000` records so many runs of 30 reports over 60 months, and then times one run more.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from retail_analytics.publishing import record, shelf

REPORTS, MONTHS, TIMES = 30, 60, 9


def main(runs: int) -> None:
    short, long = (after(number) for number in (REPORTS, runs))
    print(f"after {REPORTS} runs {short:.3f} s, after {runs:,} {long:.3f} s; {long / short:.2f} ×")


def after(runs: int) -> float:
    """Seconds of one more run, the median of several."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / record.RUNS).open("w") as file:
            for number in range(runs):
                one = run(number, runs)
                file.write(json.dumps(one) + "\n")
                (folder / one["page"]).parent.mkdir(parents=True, exist_ok=True)
                (folder / one["page"]).touch()
        shelf.index(folder)
        seconds = []
        for number in range(TIMES):
            began = time.perf_counter()
            record.append(folder, run(runs - 1 - number, runs))
            shelf.index(folder)
            seconds.append(time.perf_counter() - began)
    return median(seconds)


def run(number: int, of: int) -> dict:
    month = min(number * MONTHS // of, MONTHS - 1) if of > REPORTS else MONTHS - 1
    page = f"shop/weekly/{month:02}-{number % REPORTS}"
    scope = "all" if number % REPORTS == 0 else f"Region {number % REPORTS}"
    return {
        "run": f"{number:09}", "batch": None, "shelf": "Shop", "data": "Shop", "warehouse": "shop", "report": "weekly",
        "title": "Weekly", "month": f"{2021 + month // 12}-{month % 12 + 1:02}", "scope": scope, "parameters": {},
        "end": "failed" if number % 7 == 3 else "published", "reason": "A cell raised." if number % 7 == 3 else None,
        "page": f"{page}.html", "notebook": f"{page}.ipynb", "failure_page": None,
        "headline": "All is well", "started": "2026-11-24T06:00:00+00:00", "bytes": 1_400_000,
    }  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
