"""Every word that exports have said of a row, and until when it was the newest.

history_<table> holds a row for each: the contract's columns, where it stands (file, line), the day of the export
that said it first and of the newest that said it again (file_on, said_on), and the day from which it was no longer
the newest word (known_until). raw_<table> shows the newest word of each key.
"""

from dataclasses import dataclass
from datetime import date

from retail_analytics.errors import WarehouseError
from retail_analytics.sources.contracts import SQL_TYPES, Contract, quoted
from retail_analytics.sources.notations import literal

ORIGIN = {"file": "VARCHAR", "line": "BIGINT", "file_on": "DATE"}
TIMES = {"said_on": "DATE", "known_until": "DATE"}
CORRECTED = ", corrected"  # behind the name of a file: the origin of what was put right after its day
Covers = tuple[date, date]  # the first and last day that a file holds in full


@dataclass(frozen=True)
class Told:
    """What became of the kept rows of a file: new + updated + confirmed + overruled, and what it no longer has."""

    new: int = 0
    updated: int = 0
    confirmed: int = 0  # said before, and nothing else since
    overruled: int = 0  # a newer export has spoken on them
    withdrawn: int = 0  # rows that the file had, and no longer has
    closed: int = 0  # things that the file listed, and no longer lists


def raw_table(con, contract: Contract) -> None:
    """history_<table> and its view raw_<table>, made if they are not there.

    Raises WarehouseError if they are those of another version of the workbench.
    """
    columns = {name: SQL_TYPES[f["type"]] for name, f in contract.fields.items()} | ORIGIN | TIMES
    con.execute(f"CREATE TABLE IF NOT EXISTS {history_of(contract)} ({_stored(contract, columns)})")
    found = con.execute(f"DESCRIBE {history_of(contract)}").fetchall()
    if [(name, kind) for name, kind, *_ in found] != [*columns.items()]:
        version = "is that of another version: load all files into a new folder"
        raise WarehouseError(f"The table {contract.table} {version}.")
    con.execute(f"CREATE VIEW IF NOT EXISTS {quoted('raw_' + contract.table)} AS {newest_words(contract)}")


def history_of(contract: Contract) -> str:
    """The name of the table of all words, as SQL writes it."""
    return quoted("history_" + contract.table)


def newest_words(contract: Contract) -> str:
    """The query of raw_<table>: the newest word of each key."""
    columns = ", ".join(map(quoted, [*contract.fields, *ORIGIN]))
    return f"SELECT {columns} FROM {history_of(contract)} WHERE known_until IS NULL"


def words_known(contract: Contract, day: date, *, of: str) -> str:
    """The query of history_<table> as it was known on a day; `of` is where all of it stands.

    What the first files of a table tell of the days before they came counts as known then: there is nothing else.
    """
    then = _not_before_first(contract, day, of)
    return f"""
        SELECT * REPLACE (
          least(said_on, {then}) AS said_on,
          CASE WHEN known_until <= {then} THEN known_until END AS known_until)
        FROM {of}{history_of(contract)}
        WHERE file_on <= {then}"""


def said_since(contract: Contract, known_by: date, *, of: str) -> str:
    """The query that counts the words that were said or that ended after a day."""
    then = _not_before_first(contract, known_by, of)
    return f"SELECT count(*) FROM {of}{history_of(contract)} WHERE file_on > {then} OR known_until > {then}"


def told(
    con, contract: Contract, file: str, day: date, *, again: date | None, covers: Covers | None,
    later: list[tuple[date, Covers]],
) -> Told:  # fmt: skip
    """The rows of the table `arrived`, which has the columns of the history, join it.

    `again`: the day under which the same export was read before; what it said then and says no longer is taken back.
    `covers`: the first and last day that the file holds in full; what an earlier one of its name had there and it has
    not is withdrawn, or closed where the contract names a column for that. `later`: the same of newer files of this
    name that were loaded before this one.
    """
    taken_back = _take_back(con, contract, file, day, again) if again else 0
    confirmed, known_then = _confirm(con, contract, file, day)
    [(new, updated, overruled)] = con.execute(f"""
        SELECT
          (SELECT count(*) FROM arrived WHERE rowid NOT IN (SELECT arrived_id FROM met)),
          count(*) FILTER (newest <= {_day(day)}),
          count(*) FILTER (newest > {_day(day)})
        FROM (SELECT max(file_on) AS newest FROM met GROUP BY arrived_id)""").fetchall()
    for newer, days in later:
        _end_later(con, contract, newer, days)
    if updated + overruled:
        _put_in_order(con, contract, day)
    else:
        con.execute(f"INSERT INTO {history_of(contract)} FROM arrived")
    gone = _end(con, contract, file, day, covers) if covers else 0
    closed = gone if contract.closed_by else 0
    overruled += known_then
    return Told(new, updated, confirmed, overruled, withdrawn=taken_back + gone - closed, closed=closed)


def _take_back(con, contract: Contract, file: str, day: date, again: date) -> int:
    """Undo what the file said on the day `again` and says no longer; what that had ended goes on. Gives how many."""
    history, key = history_of(contract), _key(contract)
    said_still = f"EXISTS (SELECT 1 FROM arrived a WHERE {same_key(contract, 'h', 'a')})"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE undone AS
        SELECT rowid AS row_id, {key}, line IS NOT NULL AND NOT {said_still} AS withdrawn
        FROM {history} h
        WHERE file = ? AND file_on = {_day(again)} AND said_on = file_on
          AND (file_on <> {_day(day)} OR NOT {said_still})
    """, [file])  # fmt: skip
    con.execute(f"DELETE FROM {history} WHERE rowid IN (SELECT row_id FROM undone)")
    con.execute(
        f"UPDATE {history} h SET said_on = file_on WHERE file = ? AND said_on = {_day(again)} AND NOT {said_still}",
        [file],
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE reopened AS
        SELECT h.rowid AS row_id, {", ".join("h." + quoted(k) for k in contract.key)}, min(n.file_on) AS next_on
        FROM {history} h
        LEFT JOIN {history} n ON n.file_on > h.file_on AND {same_key(contract, "h", "n")}
        WHERE h.known_until = {_day(again)}
          AND (h.file = ? OR EXISTS (SELECT 1 FROM undone u WHERE {same_key(contract, "h", "u")}))
        GROUP BY ALL""", [file])
    con.execute(f"UPDATE {history} h SET known_until = next_on FROM reopened r WHERE h.rowid = r.row_id")
    return con.execute("SELECT count(*) FROM undone WHERE withdrawn").fetchall()[0][0]


def _end(con, contract: Contract, file: str, day: date, covers: Covers) -> int:
    """End the words that the file said before `day`, and no more when it held these days in full. Gives how many."""
    history = history_of(contract)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE gone AS
        SELECT rowid AS row_id, * FROM {history}
        WHERE file IN (?, ?) AND said_on < {_day(day)} AND (known_until IS NULL OR known_until > {_day(day)})
          AND {_held_in_full(contract, covers)}""", [file, file + CORRECTED])
    con.execute(f"UPDATE {history} SET known_until = {_day(day)} WHERE rowid IN (SELECT row_id FROM gone)")
    if contract.closed_by:
        con.execute(f"INSERT INTO {history} SELECT * EXCLUDE row_id {_closing(contract, day)} FROM gone")
    return con.execute("SELECT count(*) FROM gone").fetchall()[0][0]


def _end_later(con, contract: Contract, day: date, covers: Covers) -> None:
    """End the words in `arrived` that a newer file of the same name, full for these days, did not say any more."""
    lacking = f"""{_held_in_full(contract, covers)} AND rowid NOT IN (
        SELECT arrived_id FROM met WHERE file_on <= {_day(day)} AND said_on >= {_day(day)})"""
    if contract.closed_by:
        con.execute(f"INSERT INTO arrived SELECT * {_closing(contract, day)} FROM arrived WHERE {lacking}")
    else:
        con.execute(f"UPDATE arrived SET known_until = least(known_until, {_day(day)}) WHERE {lacking}")


def _held_in_full(contract: Contract, covers: Covers) -> str:
    """Whether a full file of these days would hold a row, if it were still so."""
    if contract.closed_by:
        return f"{quoted(contract.closed_by)} IS NULL"
    by = contract.withdrawn_by
    return f"{quoted(by)} >= {_day(covers[0])} AND {quoted(by)} < {_day(covers[1])} + 1" if by else "FALSE"


def _closing(contract: Contract, day: date) -> str:
    then = _day(day)
    return f"REPLACE ({then} AS {quoted(contract.closed_by)}, NULL AS line, {then} AS file_on, {then} AS said_on)"


def _confirm(con, contract: Contract, file: str, day: date) -> tuple[int, int]:
    """The rows of `arrived` that say what was known on that day leave it: how many that is still so of, and not.

    Makes the table `met`: the words on the keys of those that stay.
    """
    history = history_of(contract)
    here, there = (", ".join(f"{of}.{quoted(name)}" for name in contract.fields) for of in "ah")
    # The engine reads no more of a large history than the keys between the least and the greatest that arrived, and
    # then the rows that it has found.
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE pairs AS
        SELECT a.rowid AS arrived_id, h.rowid AS row_id
        FROM {history} h
        INNER JOIN arrived a ON {same_key(contract, "h", "a")}
        WHERE {_between_those_arrived(con, contract)}""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE met AS
        SELECT p.arrived_id, a.line, p.row_id, h.file_on, h.said_on,
          h.file_on <= {_day(day)} AND coalesce(h.known_until > {_day(day)}, TRUE)
            AND row({here}) IS NOT DISTINCT FROM row({there}) AS same,
          h.known_until IS NOT NULL AS ended
        FROM {history} h
        INNER JOIN pairs p ON p.row_id = h.rowid
        INNER JOIN arrived a ON a.rowid = p.arrived_id""")
    con.execute(f"""
        UPDATE {history} AS h SET
          said_on = greatest(h.said_on, {_day(day)}),
          line = CASE WHEN h.file = ? AND h.file_on = {_day(day)} THEN m.line ELSE h.line END
        FROM met m WHERE m.same AND h.rowid = m.row_id""", [file])
    con.execute("CREATE OR REPLACE TEMP TABLE known AS SELECT arrived_id, ended FROM met WHERE same")
    con.execute("DELETE FROM arrived WHERE rowid IN (SELECT arrived_id FROM known)")
    con.execute("DELETE FROM met WHERE arrived_id IN (SELECT arrived_id FROM known)")
    return con.execute("SELECT count(*) FILTER (NOT ended), count(*) FILTER (ended) FROM known").fetchall()[0]


def _between_those_arrived(con, contract: Contract) -> str:
    required = [k for k in contract.key if k in contract.required]
    ends = ", ".join(f"min({quoted(k)}), max({quoted(k)})" for k in required)
    found = iter(con.execute(f"SELECT {ends} FROM arrived").fetchall()[0] if required else ())
    return " AND ".join(
        f"h.{quoted(k)} BETWEEN {literal(least)} AND {literal(greatest)}" if least is not None else "FALSE"
        for k, least, greatest in zip(required, found, found, strict=True)
    ) or "TRUE"  # fmt: skip


def _put_in_order(con, contract: Contract, day: date) -> None:
    """All words on the keys of `arrived`, by day: each ends where the next begins."""
    history, key, content = history_of(contract), _key(contract), ", ".join(map(quoted, contract.fields))
    then = _day(day)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE affected AS
        SELECT h.rowid AS row_id, h.* REPLACE (
          -- What had ended a word on this day is replaced.
          CASE WHEN known_until = {then} AND bool_or(file_on = {then}) OVER (PARTITION BY {key}) THEN NULL
            ELSE known_until END AS known_until)
        FROM {history} h
        WHERE h.rowid IN (SELECT row_id FROM met)""")
    con.execute(f"DELETE FROM {history} WHERE rowid IN (SELECT row_id FROM affected)")
    con.execute(f"""
        INSERT INTO {history}
        WITH words AS (
          -- What was said before this day and after it was not said on it; of two words of one day the later counts.
          SELECT * EXCLUDE row_id REPLACE (CASE WHEN said_on < {then} THEN said_on ELSE file_on END AS said_on)
          FROM affected
          WHERE file_on < {then}
          UNION ALL
          SELECT * EXCLUDE row_id REPLACE (greatest(file_on, CASE WHEN file_on <= {then} THEN said_on END) AS file_on)
          FROM affected
          WHERE said_on > {then}
          UNION ALL
          FROM arrived
        ),
        beside AS (
          SELECT *, lag(row({content})) OVER turn AS before, lag(known_until) OVER turn AS before_until
          FROM words
          WINDOW turn AS (PARTITION BY {key} ORDER BY file_on)
        ),
        numbered AS (
          SELECT *, sum(CASE
            WHEN before IS NOT DISTINCT FROM row({content}) AND (before_until IS NULL OR before_until > file_on) THEN 0
            ELSE 1 END) OVER (PARTITION BY {key} ORDER BY file_on) AS word
          FROM beside
        ),
        told AS ( -- what was said again is one word, from the day it was said first
          SELECT * REPLACE (max(said_on) OVER same AS said_on, last_value(known_until) OVER same AS known_until)
          FROM numbered
          WINDOW same AS (
            PARTITION BY {key}, word ORDER BY file_on ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
          QUALIFY row_number() OVER same = 1
        )
        SELECT {content}, file, line, file_on, said_on,
          least(known_until, lead(file_on) OVER (PARTITION BY {key} ORDER BY file_on)) AS known_until
        FROM told""")


def same_key(contract: Contract, one: str, other: str) -> str:
    """Whether two relations mean the same row, as SQL; an empty part of a key is one, too."""
    return " AND ".join(f"{one}.{quoted(k)} IS NOT DISTINCT FROM {other}.{quoted(k)}" for k in contract.key)


def _stored(contract: Contract, columns: dict[str, str]) -> str:
    """The columns of a table, with their types. Ids that never repeat are packed by zstd: half the time and size."""
    ids = contract.key if len(contract.key) == 1 else ()
    return ", ".join(
        f"{quoted(name)} {kind}" + " USING COMPRESSION zstd" * (name in ids and kind == "VARCHAR")
        for name, kind in columns.items()
    )


def _not_before_first(contract: Contract, day: date, of: str) -> str:
    return f"greatest({_day(day)}, (SELECT min(file_on) FROM {of}{history_of(contract)}))"


def _key(contract: Contract) -> str:
    return ", ".join(map(quoted, contract.key))


def _day(day: date) -> str:
    return f"DATE '{day}'"
