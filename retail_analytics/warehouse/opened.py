"""A snapshot, opened to be read: its tables as Ibis expressions, its answers as polars frames."""

import os
import re
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import duckdb
import ibis
import polars as pl

from retail_analytics.errors import UnknownName, WarehouseError
from retail_analytics.language import phrase
from retail_analytics.months import day_of
from retail_analytics.sources.contracts import contracts, quoted
from retail_analytics.sources.notations import literal
from retail_analytics.warehouse import snapshots
from retail_analytics.warehouse.arrival import sentence
from retail_analytics.warehouse.building import TABLES, known_definitions, sources
from retail_analytics.warehouse.scopes import ALL, FOR_ALL, REGIONS, Scope, contents

DEFAULT = Path("data/warehouses/default")
NOW = "now"
ONE_DAY = timedelta(days=1)
VARIABLE = "RETAIL_WAREHOUSE"  # the warehouse or snapshot to open when none is named
NAMED = re.compile(r"\b(?:FROM|JOIN) (\w+)")  # the tables that a query names


@dataclass(frozen=True, eq=False)
class Warehouse:
    """One snapshot, opened to be read. Its tables are Ibis expressions; its answers are polars frames.

    With `known_by` all of it is as it was known on that day: rows that came or were corrected later, the days that
    the tables cover, the newest complete month.
    """

    path: Path
    known_by: date | None = None
    _known: dict = field(default_factory=dict, repr=False)  # the same on other days: each is made once
    _to_make: dict = field(default_factory=dict, repr=False)  # as known: the tables that nobody has asked for yet
    _tables: dict = field(default_factory=dict, repr=False)
    _wholes: dict = field(default_factory=dict, repr=False)
    _frames: dict = field(default_factory=dict, repr=False)
    _contents: dict = field(default_factory=dict, repr=False)  # columns and contents of tables, by table and column

    @cached_property
    def engine(self) -> ibis.BaseBackend:
        try:
            if self.known_by is None:
                return ibis.duckdb.connect(str(self.path), read_only=True)
            engine = ibis.duckdb.connect(temp_directory=tempfile.gettempdir())
            engine.con.execute(f"ATTACH {literal(self.path)} AS whole (READ_ONLY)")
            self._to_make.update(known_definitions(engine.con, self.known_by, of="whole"))
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
        then = phrase(" as known on {day}", day=self.known_by) if self.known_by else ""
        what = phrase(table.replace("_", " ")) + (f" {told}" if told else "")
        return phrase("no {what} in this warehouse", what=what) + then

    @property
    def snapshot(self) -> str:
        return self.path.stem

    @cached_property
    def title(self) -> str:
        """The retailer or data set that the warehouse is about."""
        return self.sql("SELECT value FROM meta WHERE name = 'title'").item()

    def table(self, name: str) -> ibis.Table:
        """A cleaned table as an Ibis expression. Raises UnknownName with the nearest one."""
        self._only_there(name)
        if name not in self._tables:
            self._make(self.engine, name)
            self._tables[name] = self.engine.table(name)
        return self._tables[name]

    def _only_there(self, name: str) -> None:
        if name not in TABLES:
            raise UnknownName("table", name, TABLES)

    def _make(self, engine: ibis.BaseBackend, name: str) -> None:
        """As known on a day, a table and those that it is made of are made when the first is asked for."""
        if definition := self._to_make.pop(name, None):
            for source in sources(name):
                self._make(engine, source)
            engine.con.execute(definition)

    def whole(self, name: str) -> pl.DataFrame:
        """All of a small cleaned table, read once: a snapshot never changes. Raises UnknownName as `table` does."""
        if name not in self._wholes:
            self._only_there(name)
            self._make(self.engine, name)
            self._wholes[name] = self.engine.con.sql(f"FROM {quoted(name)}").pl()
        return self._wholes[name]

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
        return sorted({*self._tables, *self._wholes})

    def fingerprint(self, name: str, scope: str = "all") -> str:
        """What a cleaned table holds of a scope, as a short text: of a store where the table tells both store and
        region, else of its region where it tells regions; of a format where it tells formats; else the whole.
        Raises UnknownName for an unknown scope.
        """
        self._make(self.engine, name)
        place, columns = self.scope(scope), self._contents.get(name) or self.engine.table(name).columns
        self._contents[name] = columns
        column = place.column(columns)
        if (name, column) not in self._contents:
            self._contents[name, column] = contents(self.engine.con, name, column)
        found = self._contents[name, column]
        if column is None or place.kind == "all":
            return " ".join(f"{which}:{content}" for which, content in sorted(found.items(), key=str))
        own = found.get(place.region if column == "region" else place.name, "none")
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
        for name in NAMED.findall(REGIONS):
            self._make(self.engine, name)
        names = self.engine.con.execute(f"{REGIONS} ORDER BY region").fetchall()
        return [name for (name,) in names if name is not None]

    @cached_property
    def stores(self) -> dict[str, Scope]:
        """Every store as a scope, by its id, in order."""
        rows = self.whole("stores").select("store_id", "store", "region", "store_format").sort("store_id").iter_rows()
        return {store_id: Scope(store_id, "store", *told) for store_id, *told in rows}

    @cached_property
    def formats(self) -> dict[str, Scope]:
        """Every format that a store has, as a scope, in order of name."""
        regions = {}
        for store in self.stores.values():
            regions.setdefault(store.store_format, set()).add(store.region)
        named = sorted(name for name in regions if name is not None)
        only = {name: next(iter(regions[name])) if len(regions[name]) == 1 else None for name in named}
        return {name: Scope(name, "store_format", name, only[name], name) for name in named}

    def scope(self, name: str) -> Scope:
        """What a report can be about: all, a region, a store format, or a store by its id. Where names are the same a
        region wins over a format, and a format over a store. Raises UnknownName.
        """
        if name == "all":
            return ALL
        if name in self.regions:
            return Scope(name, "region", name, name)
        known = self.formats if name in self.formats else self.stores
        if name not in known:
            names = ["all", *self.regions, *self.formats]
            raise UnknownName("scope", name, names, besides=self.stores, called="store")
        return known[name]

    def tells(self, column: str, name: str) -> bool:
        """Whether any row of a cleaned table has a value in a column: says in which store it was."""
        if (name, column, "told") not in self._contents:
            self._make(self.engine, name)
            query = f"SELECT 1 FROM {quoted(name)} WHERE {quoted(column)} IS NOT NULL LIMIT 1"
            self._contents[name, column, "told"] = bool(self.engine.con.execute(query).fetchall())
        return self._contents[name, column, "told"]

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


def _project() -> Path:
    return Path(__file__).parents[2]
