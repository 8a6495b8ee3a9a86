"""One file → its kept rows in raw_<table>, its refused rows in `refused`, and the counts of both."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from time import monotonic

import duckdb
import polars as pl

from retail_analytics.errors import SourceError
from retail_analytics.sources.checking import checked_rows, grouped_reasons, repeated_rows, unused_columns
from retail_analytics.sources.contracts import quoted
from retail_analytics.sources.files import read_file
from retail_analytics.sources.mapping import sees_all_rows
from retail_analytics.sources.notations import literal
from retail_analytics.sources.plan import SourceFile
from retail_analytics.sources.reading import Batch, TextRows, unpivoted, whole
from retail_analytics.warehouse.history import Told, raw_table, told

SILENCE = 2.0  # seconds of a long file without a word of how far it is
REFUSED = {"line": pl.Int64, "text": pl.String, "reasons": pl.List(pl.String)}


@dataclass(frozen=True)
class Arrived:
    """What became of the rows of one file. Always read = kept + refused + merged + left_out.

    And kept = new + updated + confirmed + overruled; withdrawn and closed are rows that the file no longer has.
    """

    read: int
    kept: int
    refused: int
    merged: int
    left_out: int
    new: int
    updated: int
    confirmed: int
    overruled: int
    withdrawn: int
    closed: int
    reasons: dict[str, int]
    unused: list[str]


def arrive(
    con, file: SourceFile, known_on: date, *, again: date | None, full: list[tuple[date, date, date]],
    said: Callable[[str], None],
) -> Arrived:  # fmt: skip
    """Check a file, batch by batch, and add its kept rows to raw_<table> by key.

    `again` and `full` are what `told` wants to know of the exports of this name.
    Raises SourceError if the file cannot be read or its mapping cannot be used on it.
    """
    contract, mapping, name = file.contract, file.mapping, file.name
    text = read_file(file.path, mapping.reads, said_in=f"{mapping.name}, reads")
    if mapping.unpivot:
        text = unpivoted(text, **mapping.unpivot)
    raw_table(con, contract)
    known = {table for table in set(contract.references.values()) if _rows(con, f"history_{table}")}
    queries = {
        padded: checked_rows(contract, mapping, text.header, file=name, today=known_on, known=known, padded=padded)
        for padded in (True, False)
    }
    # The first file of a table has nothing that it could be told beside.
    first = not _rows(con, f"history_{contract.table}")
    into = f"history_{contract.table}" if first else "arrived"
    con.execute(f"CREATE OR REPLACE TEMP TABLE arrived AS FROM {quoted(f'raw_{contract.table}')} LIMIT 0")
    con.execute('DELETE FROM refused WHERE file = ? AND "table" = ?', [name, contract.table])
    columns = ", ".join([*map(quoted, contract.fields), "? AS file", "_line AS line", "? AS file_on"])
    columns += ", file_on AS said_on" * first
    read = left_out = 0
    began = spoken = monotonic()
    for batch in _ahead(iter([whole(text)]) if sees_all_rows(mapping) else text.batches):
        _check(con, file, known_on, batch, queries[batch.padded])
        con.execute(
            f"INSERT INTO {into} BY NAME SELECT {columns} FROM checked WHERE len(reasons) = 0 AND NOT left_out",
            [name, known_on],
        )
        refused = con.execute("SELECT _line, reasons FROM checked WHERE len(reasons) > 0 AND NOT left_out").fetchall()
        refused += [(line, [reason]) for line, reason in batch.refused]
        _refuse(con, file, [(line, batch.raw(line), reasons) for line, reasons in refused])
        left_out += con.execute("SELECT count(*) FROM checked WHERE left_out").fetchall()[0][0]
        read += batch.rows.height + len(batch.refused)
        if monotonic() - spoken > SILENCE:
            spoken = monotonic()
            said(f"{name}: {read:,} rows, {read / (spoken - began):,.0f} a second, {batch.share:.0%} of the file")
    merged = _without_repeated(con, file, text, into)
    kept = _rows(con, into)
    became = Told(new=kept) if first else told(con, contract, name, known_on, again=again, full=full)
    mine = f'(SELECT reasons FROM refused WHERE file = {literal(name)} AND "table" = {literal(contract.table)})'
    return Arrived(
        read=read, kept=kept, refused=con.execute(f"SELECT count(*) FROM {mine}").fetchall()[0][0], merged=merged,
        left_out=left_out, **asdict(became), reasons=dict(con.execute(grouped_reasons(mine)).fetchall()),
        unused=unused_columns(contract, mapping, text.header),
    )  # fmt: skip


def sentence(error: duckdb.Error) -> str:
    """The engine's own words, without the query."""
    return str(error).splitlines()[0]


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, the next one being read while one is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _check(con, file: SourceFile, known_on: date, batch: Batch, query: str) -> None:
    """A batch as the table `checked`."""
    con.register("read_rows", batch.rows)
    name = file.name.removesuffix(".gz").removesuffix(".csv")
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW text_rows AS "
        f"SELECT *, {literal(name)} AS _file, {literal(known_on)} AS _file_date FROM read_rows"
    )
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE checked AS {query}")
    except duckdb.Error as error:
        used = f"Mapping {file.mapping.name} cannot be used on {file.name}"
        raise SourceError(f"{used}: {sentence(error)}") from None


def _refuse(con, file: SourceFile, rows: list[tuple[int, str | None, list[str]]]) -> None:
    if rows:
        con.register("refused_rows", pl.DataFrame(rows, schema=REFUSED, orient="row"))
        con.execute(
            "INSERT INTO refused SELECT ?, ?, line, text, reasons FROM refused_rows",
            [file.name, file.contract.table],
        )


def _without_repeated(con, file: SourceFile, text: TextRows, kept: str) -> int:
    """Of the rows with one key the first stays. Gives how many said the same again; those that differ are refused."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE repeated AS {repeated_rows(file.contract, kept)}")
    repeated = con.execute("SELECT line, same, reason FROM repeated").fetchall()
    if repeated:
        con.execute(f"DELETE FROM {kept} WHERE rowid IN (SELECT row_id FROM repeated)")
        differing = [(line, reason) for line, same, reason in repeated if not same]
        raw = text.records_at({line for line, _ in differing})
        _refuse(con, file, [(line, raw[line], [reason]) for line, reason in differing])
    return sum(same for _, same, _ in repeated)


def _rows(con, table: str) -> int:
    exists = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()[0][0]
    return exists and con.execute(f"SELECT count(*) FROM {quoted(table)}").fetchall()[0][0]
