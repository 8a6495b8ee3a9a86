"""A warehouse: a folder of immutable snapshots and a pointer to the current one.

The only home of DuckDB. A load builds a new snapshot beside the current one and swaps the pointer when it
is complete, so it never touches what people read; a load that is killed leaves the old one current.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import duckdb

from retail_analytics.errors import SourceError, WarehouseError
from retail_analytics.sources.contracts import contracts, quoted
from retail_analytics.sources.files import at_hand, fingerprint
from retail_analytics.sources.notations import literal
from retail_analytics.sources.plan import SourceFile, with_references
from retail_analytics.warehouse import snapshots
from retail_analytics.warehouse.arrival import FileAccount, arrive, sentence
from retail_analytics.warehouse.building import TABLES, build, definitions
from retail_analytics.warehouse.correcting import corrections_of, files_named
from retail_analytics.warehouse.history import raw_table
from retail_analytics.warehouse.opened import (
    DEFAULT,
    NOW,
    ONE_DAY,
    VARIABLE,
    Warehouse,
    list_snapshots,
    load_account,
    open_warehouse,
)  # fmt: skip

__all__ = [
    "DEFAULT", "NOW", "ONE_DAY", "TABLES", "VARIABLE", "Account", "FileAccount", "Warehouse", "list_snapshots", "load",
    "load_account", "open_warehouse",
]  # fmt: skip

REFUSED_CSV = """
COPY (
  SELECT file, "table", line, array_to_string(reasons, '; ') AS reasons,
    -- Spreadsheets run what begins like a formula.
    CASE WHEN regexp_matches(text, '^[=+@\\t\\r-]') THEN chr(39) || text ELSE text END AS text
  FROM refused WHERE file IN ({names}) ORDER BY ALL
) TO {file} (FORMAT csv, HEADER)"""
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
