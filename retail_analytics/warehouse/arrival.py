"""One file → its kept rows in raw_<table>, its refused rows in `refused`, and the counts of both."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date
from math import inf
from time import monotonic

import duckdb
import polars as pl
import pyarrow as pa

from retail_analytics.errors import SourceError
from retail_analytics.sources.checking import Correction, checked_rows, grouped_reasons, repeated_rows, unused_columns
from retail_analytics.sources.contracts import quoted
from retail_analytics.sources.files import read_file
from retail_analytics.sources.mapping import sees_all_rows
from retail_analytics.sources.notations import literal
from retail_analytics.sources.plan import SourceFile
from retail_analytics.sources.reading import Batch, TextRows, gathered, unpivoted
from retail_analytics.warehouse.correcting import amend, every_one_fits, keep_as_told, none_is_left_over
from retail_analytics.warehouse.history import Covers, Told, history_of, told

EVER = (date.min, date(9999, 12, 30))
PART = 61_440  # rows that one core checks at once
TURN = 64 << 20  # bytes of rows that are checked together: enough to keep every core at work
SILENCE = 2.0  # seconds of a long file without a word of how far it is
REFUSED = {"line": pl.Int64, "text": pl.String, "reasons": pl.List(pl.String)}


@dataclass(frozen=True)
class FileAccount:
    """What became of one file. Always read = kept + refused + merged + left_out.

    Of a file that was loaded kept = new + updated + confirmed + overruled.
    """

    file: str
    table: str
    outcome: str  # "loaded", or "unchanged" when the same file was loaded before
    read: int
    kept: int
    refused: int
    merged: int  # equal in every column to an earlier row of the file
    left_out: int
    reasons: dict[str, int]
    unused: list[str] = field(default_factory=list)
    corrected: int = 0  # values that were put right
    new: int = 0
    updated: int = 0  # of a row that was known, something else; what was known before is kept
    confirmed: int = 0  # said before, and nothing else since
    overruled: int = 0  # a newer export says otherwise
    withdrawn: int = 0  # rows that an earlier edition had, and this one no longer has
    closed: int = 0  # things that an earlier edition listed, and this one no longer lists: kept, with an end


def arrive(
    con, file: SourceFile, known_on: date, *, corrections: list[Correction], again: date | None,
    later: list[tuple[date, Covers]], said: Callable[[str], None],
) -> FileAccount:  # fmt: skip
    """Check a file, batch by batch, put right what is known to be wrong, and add its kept rows to the history.

    `again` and `later` are what `told` wants to know of the exports of this name.
    Raises SourceError if the file cannot be read or its mapping cannot be used on it.
    """
    contract, mapping, name = file.contract, file.mapping, file.name
    text = read_file(file.path, mapping.reads, said_in=f"{mapping.name}, reads")
    if mapping.unpivot:
        text = unpivoted(text, **mapping.unpivot)
    known = {table for table in set(contract.references.values()) if _rows(con, f"history_{table}")}

    def query(padded: bool, corrections: list[Correction]) -> str:
        return checked_rows(contract, mapping, text.header, file=name, today=known_on, known=known, padded=padded,
                            corrections=corrections)  # fmt: skip

    # The first file of a table has nothing that it could be told beside.
    first = not later and not corrections and not _rows(con, f"history_{contract.table}")
    into = f"history_{contract.table}" if first else "arrived"
    con.execute(f"CREATE OR REPLACE TEMP TABLE arrived AS FROM {history_of(contract)} LIMIT 0")
    con.execute('DELETE FROM refused WHERE file = ? AND "table" = ?', [name, contract.table])
    origin = ("? AS file", "_line AS line", "? AS file_on", "file_on AS said_on")
    columns = ", ".join([*map(quoted, contract.fields), *origin])
    known_then = [one for one in corrections if one.corrected_on <= known_on]
    read, left_out, used = 0, 0, set()
    began = spoken = monotonic()
    for batch in _ahead(gathered(text.batches, inf if sees_all_rows(mapping) else TURN)):
        _show(con, batch.rows, name.removesuffix(".gz").removesuffix(".csv"), known_on)
        rows = f"({query(batch.padded, corrections)})"
        if corrections or mapping.leave_out:  # what is looked at more than once
            _run(con, file, f"CREATE OR REPLACE TEMP TABLE checked AS {rows}")
            rows = "checked"
        if corrections:
            used |= every_one_fits(con, name, corrections)
        if len(known_then) < len(corrections):
            keep_as_told(con, contract, corrections, known_on, before=query(batch.padded, known_then))
        good = f"INSERT INTO {into} BY NAME SELECT {columns} FROM {rows} WHERE kept"
        [(added,)] = _run(con, file, good, [name, known_on])
        refused = [(line, [reason]) for line, reason in batch.refused]
        if added < batch.rows.height:
            refused += _run(con, file, f"SELECT _line, reasons FROM {rows} WHERE NOT kept AND NOT left_out")
            left_out += _run(con, file, f"SELECT count(*) FROM {rows} WHERE left_out")[0][0]
        _refuse(con, file, [(line, batch.raw(line), reasons) for line, reasons in refused])
        read += batch.rows.height + len(batch.refused)
        if monotonic() - spoken > SILENCE:
            spoken = monotonic()
            said(f"{name}: {read:,} rows, {read / (spoken - began):,.0f} a second, {batch.share:.0%} of the file")
    none_is_left_over(corrections, name, used)
    merged = _without_repeated(con, file, text, into)
    kept = _rows(con, into)
    full = file.covers or (EVER if contract.whole_list else None)
    told_before = {"again": again, "covers": full, "later": later}
    became = Told(new=kept) if first else told(con, contract, name, known_on, **told_before)
    amend(con, contract, name, known_on)
    mine = f'(SELECT reasons FROM refused WHERE file = {literal(name)} AND "table" = {literal(contract.table)})'
    return FileAccount(
        file=name, table=contract.table, outcome="loaded", read=read, kept=kept, merged=merged, left_out=left_out,
        refused=con.execute(f"SELECT count(*) FROM {mine}").fetchall()[0][0],
        reasons=dict(con.execute(grouped_reasons(mine)).fetchall()),
        unused=unused_columns(contract, mapping, text.header), corrected=len(used), **asdict(became),
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


def _show(con, rows: pl.DataFrame, file: str, known_on: date) -> None:
    """The rows as the relation `text_rows`, with what the SQL of mappings may ask for beside their columns."""
    # In parts, so that every core of the engine has one to work on; the text itself is not copied.
    parts = rows.to_arrow(compat_level=pl.CompatLevel.newest()).to_batches(max_chunksize=PART)
    con.register("read_rows", pa.Table.from_batches(parts, schema=parts[0].schema) if parts else rows)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW text_rows AS "
        f"SELECT *, {literal(file)} AS _file, {literal(known_on)} AS _file_date FROM read_rows"
    )


def _run(con, file: SourceFile, statement: str, values: list | None = None) -> list[tuple]:
    """What a statement with the mapping's SQL gives. Raises SourceError if the file does not suit that SQL."""
    try:
        return con.execute(statement, values).fetchall()
    except (duckdb.ProgrammingError, duckdb.DataError) as error:
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
