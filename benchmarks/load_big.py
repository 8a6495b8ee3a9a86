"""One big file: the whole load against a plain typed `CREATE TABLE AS read_csv` of the same run.

`python -m benchmarks.load_big 10_000_000` writes that many incidents (some fields quoted, some lines damaged),
loads them both ways, each in a process of its own, and prints seconds, their ratio and the peak memory of each.
"""

import sys
import tempfile
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.alone import alone
from retail_analytics.sources.plan import source_file
from retail_analytics.warehouse import load

ROWS_WRITTEN_AT_ONCE = 1_000_000
TYPES = {
    "incident_id": "VARCHAR", "store_id": "VARCHAR", "kind": "VARCHAR", "attempted": "BOOLEAN", "occurred_on": "DATE",
    "occurred_hour": "BIGINT", "entered_on": "DATE", "loss": "DOUBLE", "currency": "VARCHAR", "price_basis": "VARCHAR",
    "region": "VARCHAR",
}  # fmt: skip
DAMAGED = '{id},0001,theft,false,2025-01-01\n{id}x,0001,"theft,false,2025-02-31,3,2025-01-01,1,USD,cost,North\n'


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        written(Path(folder), rows)
        size = (Path(folder) / "incidents.csv").stat().st_size
        plain_seconds, plain_peak = alone("benchmarks.load_big.plain", Path(folder))
        seconds, peak = alone("benchmarks.load_big.checked", Path(folder))
    print(
        f"load {rows:,} incidents ({size / 1e6:,.0f} MB): {seconds:.1f} s, {peak:.2f} GB; "
        f"plain typed {plain_seconds:.1f} s, {plain_peak:.2f} GB; {seconds / plain_seconds:.2f} ×",
        flush=True,
    )


def written(folder: Path, rows: int, first: int = 0) -> None:
    """stores.csv and incidents.csv from number `first` on: regions quoted now and then, two damaged lines a million."""
    stores = [f"{n:04},{region}" for n in range(1, 501) for region in (("North", "South", "East")[n % 3],)]
    (folder / "stores.csv").write_text("store_id,region\n" + "\n".join(stores) + "\n")
    with (folder / "incidents.csv").open("wb") as file:
        file.write((",".join(TYPES) + "\n").encode())
        for begin in range(first, first + rows, ROWS_WRITTEN_AT_ONCE):
            n = pl.int_range(begin, min(first + rows, begin + ROWS_WRITTEN_AT_ONCE), eager=True).alias("n")
            day = pl.lit(date(2020, 1, 1)) + pl.duration(days=pl.col("n") * 7919 % 2100)
            kinds = pl.Series(["theft", "theft", "fraud", "violence", "damage", "other"])
            n.to_frame().select(
                incident_id="LP-" + pl.col("n").cast(pl.String).str.zfill(9),
                store_id=(pl.col("n") * 31 % 500 + 1).cast(pl.String).str.zfill(4),
                kind=pl.lit(kinds).gather(pl.col("n") % 6),
                attempted=pl.col("n") % 11 == 0,
                occurred_on=day.cast(pl.Date),
                occurred_hour=pl.col("n") % 24,
                entered_on=(day + pl.duration(days=pl.col("n") % 9)).cast(pl.Date),
                loss=pl.col("n") * 37 % 90_000 / 100,
                currency=pl.lit("USD"),
                price_basis=pl.lit("cost"),
                region=pl.when(pl.col("n") % 100 == 0).then(pl.lit('North, "upper"')).otherwise(pl.lit("North")),
            ).write_csv(file, include_header=False)
            file.write(DAMAGED.format(id=f"X{begin}").encode())


def plain(folder: Path) -> None:
    with duckdb.connect(str(folder / "plain.duckdb")) as con:
        con.execute(f"""
            CREATE TABLE incidents AS
            SELECT * FROM read_csv('{folder}/incidents.csv', header = true, quote = '"', ignore_errors = true,
                                   columns = {TYPES})
        """)
        con.execute("CHECKPOINT")


def checked(folder: Path) -> None:
    names = ("stores.csv", "incidents.csv")
    files = [source_file(folder / name, mapping="own", known_on=date(2026, 1, 1)) for name in names]
    load(folder / "warehouse", files, title="Big")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
