"""A warehouse: a folder of immutable snapshots and a pointer to the current one.

The only home of DuckDB. A load builds a new snapshot beside the current one and swaps the pointer when it
is complete, so it never touches what people read; a load that is killed leaves the old one current.
"""

import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import duckdb
import filelock
import ibis
import polars as pl

from retail_analytics.errors import SourceError, UnknownName, WarehouseError
from retail_analytics.sources.checking import contracts, quoted
from retail_analytics.sources.opening import fingerprint
from retail_analytics.sources.plan import SourceFile, with_references
from retail_analytics.warehouse.arrival import arrive, raw_table, sentence, stored

DEFAULT = Path("data/warehouses/default")
ONE_DAY = timedelta(days=1)
VARIABLE = "RETAIL_WAREHOUSE"  # the warehouse or snapshot to open when none is named
TABLES = (  # the cleaned tables of tables/*.sql, in the order in which they are built
    "calendar", "stores", "store_days", "device_links", "devices", "incidents", "findings", "controls",
    "training", "uplinks", "annotations", "tolerances", "coverage", "gaps",
)  # fmt: skip
MOST_MEMORY = 1_500  # MB for the engine; with what is read ahead a load stays below 3 GB
ACCOUNT = """
CREATE TABLE IF NOT EXISTS account (
  file VARCHAR, "table" VARCHAR, mapping VARCHAR, mapping_hash VARCHAR, file_hash VARCHAR, outcome VARCHAR,
  read BIGINT, kept BIGINT, refused BIGINT, left_out BIGINT, new BIGINT, updated BIGINT,
  reasons VARCHAR, unused VARCHAR, known_on DATE, covers_from DATE, covers_to DATE, loaded_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS refused (file VARCHAR, "table" VARCHAR, line BIGINT, text VARCHAR, reasons VARCHAR[]);
CREATE TABLE IF NOT EXISTS meta (name VARCHAR PRIMARY KEY, value VARCHAR);
"""


@dataclass(frozen=True)
class FileAccount:
    """What became of one file. Always read = kept + refused + left_out."""

    file: str
    table: str
    outcome: str  # "loaded", or "unchanged" when the same file was loaded before
    read: int
    kept: int
    refused: int
    left_out: int
    new: int
    updated: int
    reasons: dict[str, int]
    unused: list[str]


@dataclass(frozen=True)
class Account:
    """What a load did: the snapshot that is now current, whether it is new, and each file."""

    snapshot: str
    published: bool
    files: list[FileAccount] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Warehouse:
    """One snapshot, opened to be read. Its tables are Ibis expressions; its answers are polars frames."""

    path: Path

    @cached_property
    def engine(self) -> ibis.BaseBackend:
        try:
            return ibis.duckdb.connect(str(self.path), read_only=True)
        except duckdb.Error as error:
            raise WarehouseError(f"{self.path} cannot be opened. {sentence(error)}") from None

    @property
    def snapshot(self) -> str:
        return self.path.stem

    @cached_property
    def title(self) -> str:
        """The retailer or data set that the warehouse is about."""
        return self.sql("SELECT value FROM meta WHERE name = 'title'").item()

    def table(self, name: str) -> ibis.Table:
        """A cleaned table as an Ibis expression. Raises UnknownName with the nearest one."""
        if name not in TABLES:
            raise UnknownName("table", name, TABLES)
        return self.engine.table(name)

    def sql(self, query: str) -> pl.DataFrame:
        """The answer to plain SQL. Raises WarehouseError with the engine's sentence."""
        try:
            return self.engine.con.sql(query).pl()
        except duckdb.Error as error:
            raise WarehouseError(sentence(error)) from None

    def read(self, expression: ibis.Expr) -> pl.DataFrame:
        """The answer to an Ibis expression."""
        return expression.to_polars()

    @cached_property
    def coverage(self) -> dict[str, dict]:
        """For each table that holds rows: rows, covered_from, covered_to, settled_to, known_to."""
        return {row.pop("table_name"): row for row in self.sql("SELECT * FROM coverage").to_dicts()}

    @cached_property
    def regions(self) -> list[str]:
        """Every region that stores, incidents or devices name, in order."""
        names = " UNION ".join(f"SELECT region FROM {t}" for t in ("stores", "incidents", "devices"))
        return self.sql(f"SELECT region FROM ({names}) WHERE region IS NOT NULL ORDER BY region")["region"].to_list()

    def newest_month(self, tables: tuple[str, ...]) -> date:
        """The first day of the newest month that all of these tables cover completely.

        Raises WarehouseError naming the table that holds no rows or no complete month.
        """
        newest = None
        for name in tables:
            if name not in self.coverage:
                raise WarehouseError(f"not recorded: no {name.replace('_', ' ')} in this warehouse")
            day, first = self.coverage[name]["covered_to"], self.coverage[name]["covered_from"]
            month = ((day + ONE_DAY).replace(day=1) - ONE_DAY).replace(day=1)
            if month < first.replace(day=1):
                raise WarehouseError(f"{name.replace('_', ' ')} cover no complete month ({first} to {day})")
            newest = min(newest or month, month)
        return newest


def open_warehouse(path: str | Path | None = None) -> Warehouse:
    """The current snapshot of a warehouse folder, or the snapshot file itself, opened to be read.

    Without a path: what the environment variable RETAIL_WAREHOUSE names (in the current folder, else in this
    project: notebooks start in their own), else data/warehouses/default of this project. Raises WarehouseError
    when there is none.
    """
    wanted = Path(path or os.environ.get(VARIABLE) or DEFAULT)
    path = wanted if path or wanted.exists() else _project() / wanted
    if path.suffix == ".duckdb":
        if not path.is_file():
            raise WarehouseError(f"There is no snapshot {path}.")
        return Warehouse(path)
    pointer = path / "CURRENT"
    if not pointer.is_file():
        raise WarehouseError(
            f"There is no warehouse in {path}. Load files into it first: "
            f"retail-analytics load FOLDER --warehouse {path}"
        )
    named = pointer.read_text(encoding="utf-8", errors="replace").strip()
    there = sorted(p.name for p in path.glob("*.duckdb"))
    if named not in there:
        step = f"Write {there[-1]} into it" if there else "Remove it and load again"
        raise WarehouseError(f"{pointer} names '{named[:60]}', which is not there. {step}, or restore the file.")
    return Warehouse(path / named)


def snapshots(directory: Path) -> list[dict]:
    """The snapshots of a warehouse, newest first: snapshot, current, bytes."""
    current = open_warehouse(directory).path
    found = sorted(directory.glob("*.duckdb"), reverse=True)
    return [{"snapshot": p.stem, "current": p == current, "bytes": p.stat().st_size} for p in found]


def load(
    directory: Path, files: list[SourceFile], *, title: str | None = None, said: Callable[[str], None] = lambda _: None
) -> Account:
    """Check the files, add their kept rows to the warehouse's, and publish a new snapshot.

    A file that was loaded before, byte for byte, by the same mapping and for the same days, is left alone,
    unless a table that it refers to is loaded anew; when nothing is left to do the current snapshot stays.
    Rows update earlier ones by key, but never those of a newer export. The same export read again (its bytes,
    or its name and day) replaces what it gave before. `said` gets progress lines.
    Raises SourceError for a file that cannot be read at all, WarehouseError for a folder that cannot be
    written; nothing is published then.
    """
    given = Counter((file.name, file.contract.table) for file in files)
    for (name, table), times in given.items():
        if times > 1:
            raise SourceError(f"{times} files for {table} are called {name}. Rename them, or load one after the other.")
    with _writing(directory):
        current = (directory / "CURRENT").is_file() and open_warehouse(directory).path
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}.duckdb"
        building = directory / f"{name}.building"
        if current:
            shutil.copyfile(current, building)
        try:
            con = duckdb.connect(str(building))
        except duckdb.Error as error:
            raise WarehouseError(f"{current or building} cannot be opened. {sentence(error)}") from None
        try:
            con.execute(f"SET memory_limit = '{_memory()} MB'; SET TimeZone = 'UTC'; {ACCOUNT}")
            before = _loaded(con)
            accounts: list[FileAccount] = []
            for file in with_references(files):
                anew = {done.table for done in accounts if done.outcome == "loaded"}
                accounts.append(_load_file(con, file, before, anew, said))
            definitions = _definitions()
            stale = _meta(con, "definitions") != definitions
            title = title or _meta(con, "title") or directory.name
            nothing_new = all(a.outcome == "unchanged" for a in accounts)
            if current and nothing_new and not stale and title == _meta(con, "title"):
                return Account(current.stem, published=False, files=accounts)
            said("building the tables")
            _build_tables(con)
            for key, value in (("title", title), ("definitions", definitions)):
                con.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])
            con.execute("CHECKPOINT")
            con.close()
            _publish(directory, building, name)
            return Account(name.removesuffix(".duckdb"), published=True, files=accounts)
        except duckdb.Error as error:
            made = f"{directory} may be of another version of the workbench: load into a new folder."
            raise WarehouseError(f"The snapshot cannot be built. {sentence(error)}. {made}") from None
        finally:
            con.close()


def load_account(warehouse: Warehouse) -> pl.DataFrame:
    """The newest account of every file in the snapshot, oldest first."""
    return warehouse.sql(
        'SELECT * FROM account QUALIFY row_number() OVER (PARTITION BY file, "table" ORDER BY loaded_at DESC) = 1 '
        'ORDER BY loaded_at, file'
    )


def _load_file(con, file: SourceFile, before: dict, anew: set[str], said) -> FileAccount:
    contract, mapping, name = file.contract, file.mapping, file.name
    content, meaning = fingerprint(file.path), sha256(mapping.text.encode()).hexdigest()
    covers = file.covers or (None, None)
    last = before.get((name, contract.table))
    same = last is not None and content == last["file_hash"]
    known_on = file.known_on or (last["known_on"] if same else date.today())
    if (
        same
        and (meaning, *covers, known_on)
        == (last["mapping_hash"], last["covers_from"], last["covers_to"], last["known_on"])
        and not anew & set(contract.references.values())
    ):
        said(f"{name}: loaded before, unchanged")
        counts = (last["read"], last["kept"], last["refused"], last["left_out"])
        return FileAccount(name, contract.table, "unchanged", *counts, 0, 0, json.loads(last["reasons"]), [])
    again = last is not None and (same or file.known_on == last["known_on"])
    arrived = arrive(con, file, known_on, replaced=last["known_on"] if again else None, said=said)
    account = FileAccount(file=name, table=contract.table, outcome="loaded", **asdict(arrived))
    counts = f"{account.kept:,} kept, {account.refused:,} refused, {account.left_out:,} left out"
    said(f"{name}: {account.read:,} rows checked, {counts}")
    con.execute(
        "INSERT INTO account VALUES (?, ?, ?, ?, ?, 'loaded', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [name, contract.table, mapping.name, meaning, content, account.read, account.kept, account.refused,
         account.left_out, account.new, account.updated, json.dumps(account.reasons), json.dumps(account.unused),
         known_on, *covers, datetime.now(UTC).replace(tzinfo=None)],
    )  # fmt: skip
    return account


def _build_tables(con) -> None:
    for contract in contracts().values():
        raw_table(con, contract)
    for name in TABLES:
        described = con.execute(f"DESCRIBE {_definition(name)}").fetchall()
        columns = stored(contracts().get(name), {column: kind for column, kind, *_ in described})
        con.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({columns})")
        con.execute(f"INSERT INTO {quoted(name)}\n{_definition(name)}")


def _definition(name: str) -> str:
    return (Path(__file__).parents[1] / "tables" / f"{name}.sql").read_text(encoding="utf-8")


def _definitions() -> str:
    """A fingerprint of how cleaned tables are made: when it changes, they are built again."""
    return sha256("".join(_definition(name) for name in TABLES).encode()).hexdigest()


def _loaded(con) -> dict[tuple[str, str], dict]:
    """The newest account of every file, by file and table."""
    return {(row["file"], row["table"]): row for row in con.sql("FROM account ORDER BY loaded_at").pl().to_dicts()}


def _meta(con, name: str) -> str | None:
    found = con.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchall()
    return found[0][0] if found else None


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(directory / ".lock", timeout=0):
            _sweep(directory)
            try:
                yield
            finally:
                _sweep(directory)
    except filelock.Timeout:
        raise WarehouseError(f"Another load is writing to {directory}. Wait until it has ended.") from None
    except OSError as error:
        raise WarehouseError(f"{directory} cannot be written: {error.strerror}. Choose another folder.") from None


def _sweep(directory: Path) -> None:
    """Remove what a load that was killed has left."""
    for left in [*directory.glob("*.building*"), *directory.glob("CURRENT.new")]:
        if left.is_dir():  # where the engine put what did not fit into memory
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _publish(directory: Path, building: Path, name: str) -> None:
    with building.open("rb") as file:
        os.fsync(file.fileno())
    building.rename(directory / name)
    pointer = directory / "CURRENT.new"
    with pointer.open("w", encoding="utf-8") as file:
        file.write(name)
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(directory / "CURRENT")


def _memory() -> int:
    """MB that the engine may hold while it builds: what is beyond goes to a folder beside the snapshot."""
    if not hasattr(os, "sysconf"):  # Windows does not tell
        return MOST_MEMORY
    return min(MOST_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (4 << 20))


def _project() -> Path:
    return Path(__file__).parents[2]
