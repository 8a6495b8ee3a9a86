"""Which file is what: a load.yaml in a folder, or files named one by one. A query on a database is one, too."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from retail_analytics.errors import SourceError
from retail_analytics.sources.contracts import Contract, contract_of, contracts
from retail_analytics.sources.mapping import Mapping, read_mapping
from retail_analytics.sources.written import entries_of

SHIPPED = Path(__file__).parents[2] / "data" / "public" / "reference"
PLAN_KEYS = {"title", "known_on", "files"}
FILE_KEYS = {"table", "mapping", "known_on", "covers"}
ENTRY_KEYS = {"file": {"file", "name"} | FILE_KEYS, "database": {"database", "query", "name"} | FILE_KEYS}
REFERENCES = {  # loaded with every load, unless the files bring their own
    "support_dates": ("endoflife_all_cycles.csv.gz", "endoflife", date(2026, 8, 22)),
    "known_exploited": ("known_exploited_vulnerabilities.csv.gz", "cisa_kev", date(2025, 8, 25)),
}


@dataclass(frozen=True)
class Query:
    """A query on a PostgreSQL database. The address holds no password."""

    address: str
    sql: str
    name: str


@dataclass(frozen=True)
class SourceFile:
    """One file to load: `known_on` is the day of the export (None: the day it is loaded), `covers` the days
    it holds in full."""

    path: Path | Query
    mapping: Mapping
    contract: Contract
    known_on: date | None
    name: str  # of the export, by which it is accounted for: the file's own, of one of many its path from load.yaml
    covers: tuple[date, date] | None = None


def source_file(path: Path | Query, *, mapping: str, table: str | None = None, known_on: date | None = None,
                covers=None, beside: Path | None = None, name: str | None = None) -> SourceFile:
    """A file with its mapping and contract. Raises SourceError if it is not there, or no table is named anywhere."""
    if isinstance(path, Path) and not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    read = read_mapping(mapping, beside=beside)
    known = read.table or table or (path.name.split(".")[0] if path.name.split(".")[0] in contracts() else None)
    if known is None:
        raise SourceError(
            f"{path.name}: which table is it? Name it with --table, or call the file after one: "
            f"{', '.join(contracts())}."
        )
    if table and read.table and table != read.table:
        raise SourceError(f"{path.name}: mapping {read.name} is for the table {read.table}, not {table}.")
    days = None
    if covers is not None:
        two = isinstance(covers, list) and len(covers) == 2 and all(type(day) is date for day in covers)
        if not two or covers[1] < covers[0]:
            raise SourceError(f"{path.name}: covers must be two days, first and last, like [2024-01-01, 2026-10-31].")
        days = (covers[0], covers[1])
    return SourceFile(path, read, contract_of(known), known_on, name or path.name, days)


def read_plan(path: Path) -> tuple[str, list[SourceFile]]:
    """The title and files of a load.yaml (or of the folder that holds one).

    Raises SourceError, with the place, for an unknown key, a missing file or a plan that is not YAML.
    """
    path = path / "load.yaml" if path.is_dir() else path
    if not path.is_file():
        raise SourceError(f"There is no load.yaml in {path.parent}. Write one, or name the files themselves.")
    example = "{file: stores.csv, mapping: own}"
    plan, entries = entries_of(path, "files", keys=PLAN_KEYS, entry_keys=ENTRY_KEYS, example=example)
    files = [
        source_file(
            found,
            mapping=str(entry.get("mapping", "own")),
            table=entry.get("table"),
            known_on=_day(path, entry.get("known_on", plan.get("known_on") if "file" in entry else None)),
            covers=entry.get("covers"),
            beside=path.parent,
            name=name,
        )
        for entry in entries
        for found, name in (_found(path, entry) if "file" in entry else [(_query(path, entry), None)])
    ]
    return str(plan.get("title", path.parent.name)), files


def with_references(files: list[SourceFile]) -> list[SourceFile]:
    """The files and the shipped reference tables that they do not bring themselves.

    First come corrections, then the tables that others refer to.
    """
    brought = {file.contract.table for file in files}
    shipped = [
        source_file(SHIPPED / name, mapping=mapping, known_on=known_on)
        for table, (name, mapping, known_on) in REFERENCES.items()
        if table not in brought
    ]
    everything = shipped + files
    referenced = {table for contract in contracts().values() for table in contract.references.values()}
    place = {"corrections": 0} | dict.fromkeys(referenced, 1)
    return sorted(everything, key=lambda file: place.get(file.contract.table, 2))


def _query(plan: Path, entry: dict) -> Query:
    from retail_analytics.sources.databases import check_address  # its driver is slow to import

    if not all(isinstance(entry.get(key), str) and entry[key].strip() for key in ("query", "name")):
        example = "query: SELECT …, name: lp_cases"
        raise SourceError(f"{plan}: a database needs a query, and a name to be accounted for by, like {{{example}}}.")
    check_address(entry["database"], str(plan))
    return Query(entry["database"], entry["query"], entry["name"].strip())


def _found(plan: Path, entry: dict) -> list[tuple[Path, str | None]]:
    """The file of a line of a plan, or all that match its pattern, oldest name first, with the names they go by."""
    written, name = str(entry["file"]), entry.get("name")
    if not set("*?[") & set(written):
        return [(_inside(plan, plan.parent / written, written), str(name) if name else None)]
    if name:
        raise SourceError(f"{plan}: '{written}' may be many files, which cannot all be called '{name}'.")
    if Path(written).is_absolute() or ".." in Path(written).parts:
        raise _outside(plan, written)
    found = sorted(_inside(plan, path, path.name) for path in plan.parent.glob(written) if path.is_file())
    if not found:
        raise SourceError(f"{plan}: no file is called like '{written}'. Check the pattern and the folder.")
    return [(path, path.relative_to(plan.parent).as_posix()) for path in found]


def _inside(plan: Path, path: Path, written: str) -> Path:
    """The path, if it does not lead out of the folder of the plan, by itself or by a link. Raises SourceError."""
    if not path.resolve().is_relative_to(plan.parent.resolve()):
        raise _outside(plan, written)
    return path


def _outside(plan: Path, written: str) -> SourceError:
    return SourceError(f"{plan}: '{written}' leads out of the folder of the plan. Move the file there itself.")


def _day(path: Path, value) -> date | None:
    if value is None or type(value) is date:
        return value
    raise SourceError(f"{path}: known_on is '{value}', expected a day like 2026-11-15.")
