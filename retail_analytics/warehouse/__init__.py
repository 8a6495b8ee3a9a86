"""A warehouse: a folder of immutable snapshots and a pointer to the current one.

The only home of DuckDB. A load builds a new snapshot beside the current one and swaps the pointer when it
is complete, so it never touches what people read; a load that is killed leaves the old one current.
"""

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import duckdb
import ibis
import polars as pl

from retail_analytics.errors import SourceError, UnknownName, WarehouseError
from retail_analytics.months import day_of
from retail_analytics.sources.contracts import contracts, quoted
from retail_analytics.sources.files import at_hand, fingerprint
from retail_analytics.sources.notations import literal
from retail_analytics.sources.plan import SourceFile, with_references
from retail_analytics.warehouse import snapshots
from retail_analytics.warehouse.arrival import FileAccount, arrive, sentence
from retail_analytics.warehouse.building import TABLES, build, build_known, definitions
from retail_analytics.warehouse.correcting import corrections_of, files_named
from retail_analytics.warehouse.history import raw_table
from retail_analytics.warehouse.scopes import ALL, FOR_ALL, REGIONS, Scope, contents

DEFAULT = Path("data/warehouses/default")
NOW = "now"
ONE_DAY = timedelta(days=1)
VARIABLE = "RETAIL_WAREHOUSE"  # the warehouse or snapshot to open when none is named
REFUSED_CSV = """
COPY (
  SELECT file, "table", line, array_to_string(reasons, '; ') AS reasons,
    -- Spreadsheets run what begins like a formula.
    CASE WHEN regexp_matches(text, '^[=+@\\t\\r-]') THEN chr(39) || text ELSE text END AS text
  FROM refused WHERE file IN ({names}) ORDER BY ALL
) TO {file} (FORMAT csv, HEADER)"""
NAMED = re.compile(r"\b(?:FROM|JOIN) (\w+)")  # the tables that a query names
MOST_MEMORY = 1_500  # MB for the engine; with what is read ahead a load stays below 3 GB
ACCOUNT = """
CREATE TABLE IF NOT EXISTS account (
  file VARCHAR, "table" VARCHAR, mapping VARCHAR, mapping_hash VARCHAR, file_hash VARCHAR, outcome VARCHAR,
  read BIGINT, kept BIGINT, refused BIGINT, merged BIGINT, left_out BIGINT,
  corrected BIGINT, new BIGINT, updated BIGINT,
  confirmed BIGINT, overruled BIGINT, withdrawn BIGINT, closed BIGINT,
  reasons VARCHAR, unused VARCHAR, known_on DATE, covers_from DATE, covers_to DATE, loaded_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS refused (file VARCHAR, "table" VARCHAR, line BIGINT, text VARCHAR, reasons VARCHAR[]);
CREATE TABLE IF NOT EXISTS meta (name VARCHAR PRIMARY KEY, value VARCHAR);
"""


@dataclass(frozen=True)
class Account:
    """What a load did: the snapshot that is now current, whether it is new, and each file."""

    snapshot: str
    published: bool
    files: list[FileAccount] = field(default_factory=list)
    held_back: str = ""  # why nothing is published, when too many rows are refused
    retired: list[str] = field(default_factory=list)  # older snapshots that were removed


@dataclass(frozen=True, eq=False)
class Warehouse:
    """One snapshot, opened to be read. Its tables are Ibis expressions; its answers are polars frames.

    With `known_by` all of it is as it was known on that day: rows that came or were corrected later, the days that
    the tables cover, the newest complete month.
    """

    path: Path
    known_by: date | None = None
    _known: dict = field(default_factory=dict, repr=False)  # the same on other days: each is made once
    _tables: dict = field(default_factory=dict, repr=False)
    _frames: dict = field(default_factory=dict, repr=False)
    _contents: dict = field(default_factory=dict, repr=False)  # columns and contents of tables, by table and column

    @cached_property
    def engine(self) -> ibis.BaseBackend:
        try:
            if self.known_by is None:
                return ibis.duckdb.connect(str(self.path), read_only=True)
            engine = ibis.duckdb.connect(temp_directory=tempfile.gettempdir())
            engine.con.execute(f"ATTACH {literal(self.path)} AS whole (READ_ONLY)")
            build_known(engine.con, self.known_by, of="whole")
            return engine
        except duckdb.Error as error:
            raise WarehouseError(f"{self.path} cannot be opened. {sentence(error)}") from None

    def as_known(self, day: date | str | None) -> "Warehouse":
        """The same snapshot as it was known on a day; None: with all that is known. Raises ParameterError."""
        day = day_of("known_by", day)
        if day == self.known_by:
            return self
        if day not in self._known:
            self._known[day] = Warehouse(self.path, day)
        return self._known[day]

    def lacking(self, table: str, told: str = "") -> str:
        """The words for a table of which nothing is known, or nothing `told` as it is asked: by store."""
        then = f" as known on {self.known_by}" if self.known_by else ""
        return f"no {table.replace('_', ' ')} {told and f'{told} '}in this warehouse{then}"

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
        if name not in self._tables:
            self._tables[name] = self.engine.table(name)
        return self._tables[name]

    def whole(self, name: str) -> pl.DataFrame:
        """All of a small cleaned table, read once: a snapshot never changes. Raises UnknownName as `table` does."""
        return self.once(self.table(name))

    def sql(self, query: str) -> pl.DataFrame:
        """The answer to plain SQL. Raises WarehouseError with the engine's sentence."""
        for name in NAMED.findall(query):
            if name in TABLES:
                self.table(name)
        try:
            return self.engine.con.sql(query).pl()
        except duckdb.Error as error:
            raise WarehouseError(sentence(error)) from None

    @property
    def tables_read(self) -> list[str]:
        """The cleaned tables that were asked for since the warehouse was opened, in order of name."""
        return sorted(self._tables)

    def fingerprint(self, name: str, scope: str = "all") -> str:
        """What a cleaned table holds of a scope, as a short text: of a store where the table tells both store and
        region, else of its region where it tells regions, else the whole. Raises UnknownName for an unknown scope.
        """
        place, columns = self.scope(scope), self._contents.get(name) or self.engine.table(name).columns
        self._contents[name] = columns
        by_store = place.kind == "store" and {"store_id", "region"} <= set(columns)
        column = "store_id" if by_store else "region" if "region" in columns else None
        if (name, column) not in self._contents:
            self._contents[name, column] = contents(self.engine.con, name, column)
        found = self._contents[name, column]
        if column is None or place.kind == "all":
            return " ".join(f"{which}:{content}" for which, content in sorted(found.items(), key=str))
        own = found.get(place.name if by_store else place.region, "none")
        return f"{own} {found.get(None)}" if name in FOR_ALL else own

    def read(self, expression: ibis.Expr) -> pl.DataFrame:
        """The answer to an Ibis expression."""
        return expression.to_polars()

    def once(self, expression: ibis.Expr) -> pl.DataFrame:
        """The answer to an Ibis expression that has few rows and is asked again: a snapshot never changes."""
        if expression.op() not in self._frames:
            self._frames[expression.op()] = self.read(expression)
        return self._frames[expression.op()]

    @cached_property
    def coverage(self) -> dict[str, dict]:
        """For each table that holds rows: rows, covered_from, covered_to, settled_to, known_to."""
        return {row.pop("table_name"): row for row in self.whole("coverage").to_dicts()}

    @cached_property
    def regions(self) -> list[str]:
        """Every region that stores, incidents or devices name, in order."""
        # Asked beside `sql`: a report that only names its region has not read the incidents.
        names = self.engine.con.execute(f"{REGIONS} ORDER BY region").fetchall()
        return [name for (name,) in names if name is not None]

    @cached_property
    def stores(self) -> dict[str, Scope]:
        """Every store as a scope, by its id, in order."""
        rows = self.whole("stores").select("store_id", "store", "region").sort("store_id").iter_rows()
        return {store_id: Scope(store_id, "store", label, region) for store_id, label, region in rows}

    def scope(self, name: str) -> Scope:
        """What a report can be about: all, a region, or a store by its id; a region wins. Raises UnknownName."""
        if name == "all":
            return ALL
        if name in self.regions:
            return Scope(name, "region", name, name)
        if name not in self.stores:
            raise UnknownName("scope", name, ["all", *self.regions], besides=self.stores, called="store")
        return self.stores[name]

    def tells_stores(self, name: str) -> bool:
        """Whether any row of a cleaned table says in which store it was."""
        if (name, "told") not in self._contents:
            query = f"SELECT 1 FROM {quoted(name)} WHERE store_id IS NOT NULL LIMIT 1"
            self._contents[name, "told"] = bool(self.engine.con.execute(query).fetchall())
        return self._contents[name, "told"]

    def newest_month(self, tables: tuple[str, ...]) -> date:
        """The first day of the newest month that all of these tables cover completely.

        Raises WarehouseError naming the table that holds no rows or no complete month.
        """
        newest = None
        for name in tables:
            if name not in self.coverage:
                raise WarehouseError(f"not recorded: {self.lacking(name)}")
            day, first = self.coverage[name]["covered_to"], self.coverage[name]["covered_from"]
            month = ((day + ONE_DAY).replace(day=1) - ONE_DAY).replace(day=1)
            if month < first.replace(day=1):
                raise WarehouseError(f"{name.replace('_', ' ')} cover no complete month ({first} to {day})")
            newest = min(newest or month, month)
        return newest


def open_warehouse(path: str | Path | None = None, *, known_by: date | str = NOW) -> Warehouse:
    """The current snapshot of a warehouse folder, or the snapshot file itself, opened to be read.

    `known_by` is a day like 2026-03-31, to see everything as it was known then.

    Without a path: what the environment variable RETAIL_WAREHOUSE names (in the current folder, else in this
    project: notebooks start in their own), else data/warehouses/default of this project. Raises WarehouseError
    when there is none, ParameterError for a day that is none.
    """
    found = Warehouse(_snapshot(path))
    return found if known_by == NOW else found.as_known(known_by)


def list_snapshots(directory: Path) -> list[dict]:
    """The snapshots of a warehouse, newest first: snapshot, current, loaded (UTC), files, rows, bytes, command."""
    current = open_warehouse(directory).path
    rows = " + ".join(f"(SELECT count(*) FROM {quoted('raw_' + table)})" for table in contracts())
    found = []
    for path in sorted(directory.glob("*.duckdb"), reverse=True):
        opened = Warehouse(path)
        loaded = load_account(opened)
        command = opened.sql("SELECT value FROM meta WHERE name = 'command'")["value"].to_list()
        found.append({
            "snapshot": path.stem, "current": path == current, "loaded": loaded["loaded_at"].max(),
            "files": loaded.select("file", "table").n_unique(), "rows": opened.sql(f"SELECT {rows}").item(),
            "bytes": path.stat().st_size,
            "command": command[0] if command else "",
        })  # fmt: skip
    return found


def load(
    directory: Path,
    files: list[SourceFile],
    *,
    title: str | None = None,
    base: str | None = None,
    most_refused: float = 1.0,
    refused_to: Path | None = None,
    command: str = "",
    said: Callable[[str], None] = lambda _: None,
) -> Account:
    """Check the files, add their kept rows to the warehouse's, and publish a new snapshot.

    A file that was loaded before, byte for byte, by the same mapping and for the same days, is left alone,
    unless a table that it refers to is loaded anew; when nothing is left to do the current snapshot stays.
    Rows update earlier ones by key, but never those of a newer export. The same export read again (its bytes,
    or its name and day) replaces what it gave before. `base` names the snapshot to go on from, the current one
    when not given; without files it becomes the current one again. Nothing is published when more than the share
    `most_refused` of a file's rows is refused. The refused rows of these files go to `refused_to` as CSV. Older
    snapshots are retired. `said` gets progress lines.
    Raises SourceError for a file that cannot be read at all, WarehouseError for a folder that cannot be
    written; nothing is published then.
    """
    given = Counter((file.name, file.contract.table) for file in files)
    for (name, table), times in given.items():
        if times > 1:
            raise SourceError(f"{times} files for {table} are called {name}. Rename them, or load one after the other.")
    with snapshots.writing(directory):
        there = (directory / snapshots.POINTER).is_file()
        current = snapshots.named(directory, base) if base else there and open_warehouse(directory).path
        if base and not files:
            snapshots.point_to(directory, current.name)
            return Account(base, published=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S-%f}.duckdb"
        building = directory / f"{name}.building"
        if current:
            shutil.copyfile(current, building)
        try:
            con = duckdb.connect()
            # What is being built is thrown away when it does not come to its end: no log is written beside it.
            con.execute(f"ATTACH {literal(building)} AS building (RECOVERY_MODE no_wal_writes); USE building")
        except duckdb.Error as error:
            raise WarehouseError(f"{current or building} cannot be opened. {sentence(error)}") from None
        try:
            con.execute(f"SET memory_limit = '{_memory()} MB'; SET TimeZone = 'UTC'; {ACCOUNT}")
            con.execute("SET checkpoint_threshold = '1 TB'")  # once, at the end
            for contract in contracts().values():
                raw_table(con, contract)
            accounts = _load_files(con, files, directory, said)
            if refused_to:
                names = ", ".join(literal(file.name) for file in files)
                con.execute(REFUSED_CSV.format(names=names, file=literal(refused_to)))
            held_back = _too_many(accounts, most_refused)
            stale = _meta(con, "definitions") != definitions()
            title = title or _meta(con, "title") or directory.name
            nothing_new = all(a.outcome == "unchanged" for a in accounts)
            if held_back or (current and nothing_new and not base and not stale and title == _meta(con, "title")):
                return Account(current.stem if current else "", published=False, files=accounts, held_back=held_back)
            said("building the tables")
            build(con, {one.table for one in accounts if one.outcome == "loaded"}, anew=stale)
            for key, value in (("title", title), ("definitions", definitions()), ("command", command)):
                con.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])
            con.execute("CHECKPOINT")
            con.close()
            snapshots.publish(directory, building, name)
            retired = snapshots.retire(directory)
            return Account(name.removesuffix(".duckdb"), published=True, files=accounts, retired=retired)
        except duckdb.Error as error:
            made = f"{directory} may be of another version of the workbench: load into a new folder."
            raise WarehouseError(f"The snapshot cannot be built. {sentence(error)}. {made}") from None
        finally:
            con.close()


def load_account(warehouse: Warehouse) -> pl.DataFrame:
    """The newest account of every edition of every file in the snapshot, oldest first."""
    return warehouse.sql("""
        FROM account
        QUALIFY row_number() OVER (PARTITION BY file, "table", known_on ORDER BY loaded_at DESC) = 1
        ORDER BY loaded_at, file""")


def _snapshot(path: str | Path | None) -> Path:
    """The file of the snapshot that is meant."""
    wanted = Path(path or os.environ.get(VARIABLE) or DEFAULT)
    path = wanted if path or wanted.exists() else _project() / wanted
    if path.suffix == ".duckdb":
        if not path.is_file():
            raise WarehouseError(f"There is no snapshot {path}.")
        return path
    pointer = path / snapshots.POINTER
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
    return path / named


def _load_files(con, files: list[SourceFile], directory: Path, said) -> list[FileAccount]:
    before = _loaded(con)
    accounts: list[FileAccount] = []
    for file in with_references(files):
        anew = {done.table for done in accounts if done.outcome == "loaded"}
        with at_hand(file, directory, said) as there:
            accounts.append(_load_file(con, there, before, anew, said))
    if any(done.table == "corrections" for done in accounts):
        for name in sorted(files_named(con) - {done.file for done in accounts}):
            said(f"{name}: its corrections count when it is loaded again")
    return accounts


def _too_many(accounts: list[FileAccount], most_refused: float) -> str:
    """Why nothing is published: the files of which too many rows are refused; '' when there are none."""
    over = [one for one in accounts if one.refused > most_refused * one.read]
    shown = ", ".join(f"{one.file} ({one.refused:,} of {one.read:,})" for one in over)
    return f"More rows are refused than may be, of {shown}." if over else ""


def _load_file(con, file: SourceFile, before: dict, anew: set[str], said) -> FileAccount:
    contract, mapping, name = file.contract, file.mapping, file.name
    corrections = corrections_of(con, contract, name)
    meaning = sha256((mapping.text + "".join(map(repr, corrections))).encode()).hexdigest()
    content = fingerprint(file.path)
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
        counts = {count: last[count] for count in ("read", "kept", "refused", "merged", "left_out")}
        return FileAccount(name, contract.table, "unchanged", **counts, reasons=json.loads(last["reasons"]))
    days = con.execute(
        'SELECT known_on, covers_from, covers_to FROM account WHERE file = ? AND "table" = ? '
        'QUALIFY row_number() OVER (PARTITION BY known_on ORDER BY loaded_at DESC) = 1 ORDER BY known_on',
        [name, contract.table],
    ).fetchall()
    again = known_on if known_on in {day for day, *_ in days} else None
    if same and known_on < last["known_on"]:  # the day that was said of this export is corrected
        again = last["known_on"]
        wrong = [name, contract.table, again]
        con.execute('DELETE FROM account WHERE file = ? AND "table" = ? AND known_on = ?', wrong)
    later = [(day, (first, until)) for day, first, until in days if day > known_on and day != again and until]
    account = arrive(con, file, known_on, corrections=corrections, again=again, later=later, said=said)
    counts = f"{account.kept:,} kept, {account.refused:,} refused"
    counts += f", {account.merged:,} merged" * bool(account.merged) + f", {account.left_out:,} left out"
    counts += f", {account.corrected:,} corrected" * bool(account.corrected)
    said(f"{name}: {account.read:,} rows checked, {counts}")
    told = asdict(account) | {
        "mapping": mapping.name, "mapping_hash": meaning, "file_hash": content, "reasons": json.dumps(account.reasons),
        "unused": json.dumps(account.unused), "known_on": known_on, "covers_from": covers[0], "covers_to": covers[1],
        "loaded_at": datetime.now(UTC).replace(tzinfo=None),
    }  # fmt: skip
    columns, marks = ", ".join(map(quoted, told)), ", ".join("?" for _ in told)
    con.execute(f"INSERT INTO account ({columns}) VALUES ({marks})", list(told.values()))
    return account


def _loaded(con) -> dict[tuple[str, str], dict]:
    """The newest account of every file, by file and table."""
    return {(row["file"], row["table"]): row for row in con.sql("FROM account ORDER BY loaded_at").pl().to_dicts()}


def _meta(con, name: str) -> str | None:
    found = con.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchall()
    return found[0][0] if found else None


def _memory() -> int:
    """MB that the engine may hold while it builds: what is beyond goes to a folder beside the snapshot."""
    if not hasattr(os, "sysconf"):  # Windows does not tell
        return MOST_MEMORY
    return min(MOST_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (4 << 20))


def _project() -> Path:
    return Path(__file__).parents[2]
