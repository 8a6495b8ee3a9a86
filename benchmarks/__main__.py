"""The benchmarks: each figure beside a baseline of the same run, on the same machine, as a ratio.

Run by `make bench`, which loads the warehouses first. Medians of several runs, taken in turns.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb

from benchmarks import load_big, packs, pages, shelf
from retail_analytics import measure, open_warehouse
from retail_analytics.metrics import theft
from retail_analytics.publishing.parameters import NOTEBOOKS
from retail_analytics.sources.plan import read_plan
from retail_analytics.warehouse import VARIABLE, load

ROOT = Path(__file__).parents[1]
UK = ROOT / "data" / "public" / "uk_police"
GROCERS = ROOT / "data" / "warehouses" / "example_grocers"


def main() -> None:
    print(f"{'what':<58}{'ours':>9}{'baseline':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        rows = "load 216,537 police rows: checked against plain typed"
        report(rows, 3, lambda: checked(scratch), lambda: plain(scratch))
        rate = "theft rate, 36 months: opened and measured, or one query"
        report(rate, 7, measured, sql)
        page = "one report: publish against papermill + nbconvert"
        report(page, 3, lambda: publish(scratch), lambda: by_hand(scratch))
    print()
    load_big.main(300_000)
    shelf.main(50_000)
    print()
    packs.main(os.cpu_count() or 1)
    print()
    pages.main()
    there = sorted((ROOT / "reports" / "published").glob("*/*/*.html"), key=lambda page: -page.stat().st_size)
    if there:
        print(f"\nlargest of {len(there)} pages: {there[0].stat().st_size / 1e6:.2f} MB")


def report(what: str, times: int, ours: Callable, baseline: Callable) -> None:
    """Runs both in turns, the first round not counted, and prints the medians of seconds and their ratio."""
    seconds = [(timed(ours), timed(baseline)) for _ in range(times + 1)][1:]
    a, b = (median(pair[i] for pair in seconds) for i in (0, 1))
    print(f"{what:<58}{a:>8.2f}s{b:>9.2f}s{a / b:>7.2f}×", flush=True)


def timed(work: Callable) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def checked(scratch: Path) -> None:
    shutil.rmtree(scratch / "warehouse", ignore_errors=True)
    title, files = read_plan(UK)
    load(scratch / "warehouse", files, title=title)


def plain(scratch: Path) -> None:
    (scratch / "plain.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(scratch / "plain.duckdb")) as con:
        for number, path in enumerate(sorted(UK.glob("*.csv.gz"))):
            con.execute(
                f"""CREATE TABLE t{number} AS SELECT *, strptime("Month", '%Y-%m')::DATE AS occurred_on
                    FROM read_csv('{path}', all_varchar = true, header = true, quote = '"')"""
            )
        con.execute("CHECKPOINT")


def measured() -> None:
    measure(open_warehouse(GROCERS), theft.theft_rate, last_month="2026-10", months=36)


def sql() -> None:
    open_warehouse(GROCERS).sql("""
        WITH thefts AS (
          SELECT date_trunc('month', occurred_on) AS month, sum(incidents) AS n FROM incidents
          WHERE kind = 'theft' AND NOT attempted AND visits_known AND occurred_on >= '2023-11-01' GROUP BY 1
        ), visits AS (
          SELECT date_trunc('month', day) AS month, sum(visits) AS n FROM store_days
          WHERE day >= '2023-11-01' GROUP BY 1
        )
        SELECT month, thefts.n, visits.n, 10000 * thefts.n / visits.n
        FROM visits LEFT JOIN thefts USING (month) ORDER BY 1
    """)


def publish(scratch: Path) -> None:
    run(sys.executable, "-m", "retail_analytics", "publish", "theft_trends", "--again", "--warehouse", GROCERS,
        "--reports", scratch / "shelf")  # fmt: skip


def by_hand(scratch: Path) -> None:
    executed = scratch / "theft_trends.ipynb"
    notebook = NOTEBOOKS / "theft_trends.ipynb"
    run(sys.executable, "-m", "papermill", notebook, executed, "-k", "python3", "--no-progress-bar")
    run(sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--no-input", executed)


def run(*words) -> None:
    environment = os.environ | {VARIABLE: str(GROCERS)}
    subprocess.run([str(word) for word in words], check=True, capture_output=True, env=environment)


if __name__ == "__main__":
    main()
