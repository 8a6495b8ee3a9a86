"""The same job by others: incidents checked by every rule of their contract, refused rows kept with every reason.

`python -m benchmarks.load_others 1_000_000` writes that many incidents and loads them into a DuckDB file four times,
each in a process of its own: ours, pandas, pandera on polars, frictionless. The last two come by `uv run --with`,
into environments that are gone afterwards (the first run downloads them), so ours does not change.
"""

import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import duckdb

from benchmarks.alone import alone
from benchmarks.load_big import written
from retail_analytics import open_warehouse

UV = shutil.which("uv") or ".uv/bin/uv"
PANDERA, FRICTIONLESS = "0.35.0", "5.21.0"
WAYS = {  # the function that does the job, and the package that an environment is made for
    "ours": ("benchmarks.load_big.checked", None),
    f"pandas {version('pandas')}": ("benchmarks.others.by_pandas.load", None),
    f"pandera {PANDERA}": ("benchmarks.others.by_pandera.load", f"pandera[polars]=={PANDERA}"),
    f"frictionless {FRICTIONLESS}": ("benchmarks.others.by_frictionless.load", f"frictionless=={FRICTIONLESS}"),
}
SHARED = [f"{name}=={version(name)}" for name in ("duckdb", "polars", "pyarrow")]


def main(rows: int) -> None:
    print(f"{'way':<22}{'seconds':>9}{'peak GB':>9}{'kept':>12}{'refused':>9}{'unaccounted':>13}{'ratio':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(folder, rows)
        lines = with_damage_inside(folder / "incidents.csv")
        ours = None
        for way, (work, package) in WAYS.items():
            seconds, peak = alone(work, folder, python=python_with(package) if package else [sys.executable])
            ours = ours or seconds
            kept, refused = counts(folder, work)
            print(
                f"{way:<22}{seconds:>9.1f}{peak:>9.2f}{kept:>12,}{refused:>9,}{lines - kept - refused:>13,}"
                f"{seconds / ours:>8.2f}×",
                flush=True,
            )


def with_damage_inside(path: Path) -> int:
    """Moves the two damaged lines at the end to a third of the file, and gives how many lines follow the header.

    At the end a quote that is never closed has nothing left to swallow.
    """
    *good, short, unclosed = path.read_bytes().splitlines(keepends=True)
    third = len(good) // 3
    path.write_bytes(b"".join([*good[:third], short, unclosed, *good[third:]]))
    return len(good) + 1


def python_with(package: str) -> list[str]:
    """The command of a Python that has this package, and DuckDB, polars and arrow in the versions of ours."""
    packages = [word for one in (package, *SHARED) for word in ("--with", one)]
    minor = f"3.{sys.version_info.minor}"
    return [UV, "run", "--quiet", "--isolated", "--no-project", "--python", minor, *packages, "python"]


def counts(folder: Path, work: str) -> tuple[int, int]:
    """Rows kept, and rows refused with a reason."""
    made = folder / f"{work.split('.')[-2]}.duckdb"  # the others name their file like their module
    path = made if made.exists() else open_warehouse(folder / "warehouse").path
    with duckdb.connect(str(path), read_only=True) as con:
        kept = con.execute("SELECT count(*) FROM incidents").fetchone()[0]
        return kept, con.execute("SELECT count(*) FROM refused WHERE len(reasons) > 0").fetchone()[0]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
