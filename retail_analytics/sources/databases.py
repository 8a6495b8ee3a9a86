"""The answer to a query on a live PostgreSQL database → batches of rows of text, numbered from 1.

The database is asked once, in a read-only transaction, and the answer is put on disk: what is compared with the
last load, what is checked and what is shown of a refused row are the same rows, whatever happens to the tables.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic

import polars as pl
import psycopg
from psycopg.adapt import AdaptersMap, Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import IntDumper
from psycopg.types.string import TextLoader

from retail_analytics.errors import SourceError
from retail_analytics.sources.plan import Query
from retail_analytics.sources.reading import Batch, TextRows, header_of

FETCHED = 20_000  # rows at once
PATIENCE = 20  # seconds for a server to answer at all
SILENCE = 2.0  # seconds of a long answer without a word of how far it is
BOOLEAN = 16  # the server's number for the type
# One way to write a value, whatever the server's and the user's settings; rows in the order in which they are stored.
NOTATION = """
SET datestyle = 'ISO'; SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'; SET lc_monetary = 'C';
SET bytea_output = 'hex'; SET extra_float_digits = 1; SET xmlbinary = 'base64'; SET xmloption = 'content';
SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET cursor_tuple_fraction = 1;
"""


class Words(Loader):
    """A truth value in the words that mappings know."""

    def load(self, data) -> str:
        return "true" if bytes(data) == b"t" else "false"


@dataclass(frozen=True)
class Answer:
    """What a database answered: the rows in `parts` files of a folder. `fingerprint` does not ask in which order."""

    name: str
    folder: Path
    header: list[str]
    parts: int
    fingerprint: str


def check_address(address, said_in: str) -> None:
    """Raises SourceError unless an address names a PostgreSQL database and holds no password."""
    example = "postgresql://reader@db.example.com/loss_prevention"
    if not isinstance(address, str) or not address.startswith(("postgresql://", "postgres://")):
        raise SourceError(f"{said_in}: the address of a database looks like {example}.")
    try:
        parts = conninfo_to_dict(address)
    except psycopg.Error:
        parts = None
    # The driver's words are not shown: in them, or where it looks for a port, a password may stand.
    if parts is None or re.search("[^0-9,]", str(parts.get("port", ""))):
        raise SourceError(f"{said_in}: the address of a database cannot be read. Write it like {example}.")
    if {"password", "sslpassword"} & set(parts):
        raise SourceError(
            f"{said_in}: the address of a database holds a password. Take it out and change it: a password comes "
            f"from ~/.pgpass, or from the variable PGPASSWORD or PGPASSFILE."
        )


def answer_to(query: Query, folder: Path, *, said: Callable[[str], None] = lambda _: None) -> Answer:
    """Ask the database and put its answer into the folder, part by part. `said` gets progress lines.

    Raises SourceError, in the server's own words, if it cannot be reached or refuses the query.
    """
    check_address(query.address, query.name)
    try:
        connection = psycopg.connect(
            query.address, connect_timeout=PATIENCE, client_encoding="utf8", context=_all_as_text(),
            fallback_application_name="retail-analytics",
        )  # fmt: skip
    except psycopg.Error as error:
        raise SourceError(
            f"{query.name}: no connection to the database: {_words(error)}. Check the address and that you may log in; "
            f"a password comes from ~/.pgpass or PGPASSWORD."
        ) from None
    parts = rows = total = 0
    spoken = monotonic()
    try:
        with closing(connection):  # and so rolled back, whatever functions the query has called
            connection.read_only = True
            connection.execute(NOTATION)
            with connection.cursor(name="answer") as cursor:
                cursor.execute(query.sql)
                header = header_of(query.name, 1, [column.name for column in cursor.description or ()])
                schema = dict.fromkeys(header, pl.String)
                while (fetched := cursor.fetchmany(FETCHED)) or not parts:
                    frame = pl.DataFrame(fetched, schema=schema, orient="row").fill_null("")
                    total += sum(_number(row) for row in frame.iter_rows())
                    numbered = frame.with_columns(_line=pl.int_range(rows + 1, rows + frame.height + 1, dtype=pl.Int64))
                    numbered.write_ipc(folder / f"{parts}.arrow", compression="zstd")
                    parts, rows = parts + 1, rows + frame.height
                    if monotonic() - spoken > SILENCE:
                        spoken = monotonic()
                        said(f"{query.name}: {rows:,} rows fetched")
    except psycopg.Error as error:
        raise SourceError(f"{query.name}: the database refuses the query: {_words(error)}. Correct it, or ask for "
                          f"the right to read.") from None  # fmt: skip
    except UnicodeDecodeError as error:
        raise SourceError(f"{query.name}, row {rows + 1} or later: byte 0x{error.object[error.start]:02x} is not utf-8 "
                          f"text. Let the query convert it (convert_from).") from None  # fmt: skip
    if not header:
        raise SourceError(f"{query.name}: the query gives no columns. Name those that are to be loaded.")
    fingerprint = sha256(json.dumps([header, rows, total % 2**256]).encode()).hexdigest()
    return Answer(query.name, folder, header, parts, fingerprint)


def read_answer(answer: Answer) -> TextRows:
    """The rows of an answer, all text: null is empty, a truth value true or false, a time that of UTC.

    The raw text of a row is a JSON record.
    """

    def part(number: int) -> pl.DataFrame:
        return pl.read_ipc(answer.folder / f"{number}.arrow")

    def batches() -> Iterator[Batch]:
        for number in range(answer.parts):
            rows = part(number)
            yield Batch(rows, [], _raw(rows), (number + 1) / answer.parts)

    def records_at(lines: set[int]) -> dict[int, str]:
        found = {}
        for number in sorted({(line - 1) // FETCHED for line in lines}):
            rows = part(number)
            found |= {line: _raw(rows)(line) for line in lines & set(rows["_line"])}
        return found

    return TextRows(answer.header, batches(), records_at)


def _raw(rows: pl.DataFrame) -> Callable[[int], str]:
    return lambda line: json.dumps(rows.drop("_line").row(line - rows["_line"][0], named=True), ensure_ascii=False)


def _number(row: tuple[str, ...]) -> int:
    """A row as a number: the sum of a table's is the same in any order of its rows."""
    return int.from_bytes(sha256(json.dumps(row).encode()).digest(), "big")


def _all_as_text() -> AdaptersMap:
    """How values arrive: as the server writes them. 0 stands for every type that is not named."""
    text = AdaptersMap()
    text.register_loader(0, TextLoader)
    text.register_loader(BOOLEAN, Words)
    text.register_dumper(int, IntDumper)  # how many rows to fetch
    return text


def _words(error: psycopg.Error) -> str:
    """What the server says, and what it proposes, in one line."""
    said = error.diag.message_primary or str(error)
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    return " ".join(said.split()).rstrip(".") + hint
