"""A hundred thousand rows more: load and publish them, against copying the snapshot and a bare merge into it.

`python -m benchmarks.load_more 25_000_000` loads that many incidents (not timed), then does both in turns, each in a
process of its own: nine rows in ten are new, one in ten updates an earlier one.
"""

import os
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median

import duckdb

from benchmarks.alone import alone
from benchmarks.load_big import TYPES, checked, written
from retail_analytics.sources.plan import source_file
from retail_analytics.warehouse import load, open_warehouse

MORE, OLD, TIMES = 100_000, 10_000, 3


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:
        folder = Path(name)
        more = folder / "more"
        more.mkdir()
        written(more, MORE, first=rows - OLD)
        written(folder, rows)
        checked(folder)
        (folder / "incidents.csv").unlink()
        size = open_warehouse(folder / "warehouse").path.stat().st_size
        seconds = []
        for _ in range(TIMES):
            shutil.copytree(folder / "warehouse", more / "warehouse")
            ours = alone("benchmarks.load_more.added", folder)
            shutil.rmtree(more / "warehouse")
            seconds.append((*ours, *alone("benchmarks.load_more.merged", folder)))
    ours, peak, bare, bare_peak = (median(column) for column in zip(*seconds, strict=True))
    print(
        f"add {MORE:,} incidents to {rows:,} (a snapshot of {size / 1e9:.2f} GB): {ours:.1f} s, {peak:.2f} GB; "
        f"copy and bare merge {bare:.1f} s, {bare_peak:.2f} GB; {ours / bare:.2f} ×",
        flush=True,
    )


def added(folder: Path) -> None:
    file = source_file(folder / "more" / "incidents.csv", mapping="own", known_on=date(2026, 2, 1), name="more.csv")
    done = load(folder / "more" / "warehouse", [file])
    assert done.published and done.files[-1].new + done.files[-1].updated + done.files[-1].confirmed == MORE


def merged(folder: Path) -> None:
    copy = folder / "copy.duckdb"
    shutil.copyfile(open_warehouse(folder / "warehouse").path, copy)
    values = ", ".join(f"{name} = more.{name}" for name in TYPES)
    with duckdb.connect(str(copy)) as con:
        con.execute(f"""
            MERGE INTO history_incidents AS old
            USING (SELECT * FROM read_csv('{folder}/more/incidents.csv', header = true, quote = '"',
                   ignore_errors = true, columns = {TYPES})) AS more
            ON old.incident_id = more.incident_id
            WHEN MATCHED THEN UPDATE SET {values}
            WHEN NOT MATCHED THEN INSERT ({", ".join(TYPES)}) VALUES ({", ".join("more." + name for name in TYPES)})""")
        con.execute("CHECKPOINT")
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    copy.unlink()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
