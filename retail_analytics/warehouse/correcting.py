"""Values that are known to be wrong (the table corrections) are put right whenever their file is loaded.

What was found out after the day of an export is a word of that later day: until then the wrong value was known.
"""

from datetime import date

from retail_analytics.errors import SourceError, did_you_mean
from retail_analytics.sources.checking import Correction
from retail_analytics.sources.contracts import Contract, quoted
from retail_analytics.warehouse.history import CORRECTED, history_of, same_key, told


def corrections_of(con, contract: Contract, file: str) -> list[Correction]:
    """The corrections of a file. Raises SourceError with their place if they name no column that can be corrected."""
    if contract.table == "corrections":
        return []
    found = con.execute(
        'SELECT key, "column", expect, value, corrected_on, file || \', row \' || line '
        "FROM raw_corrections WHERE file_name = ? ORDER BY ALL",
        [file],
    ).fetchall()
    able = [name for name in contract.fields if name not in contract.key]
    for _, column, *_, said_in in found:
        if column not in able:
            wrong = "is part of its key, which stays" if column in contract.key else f"is no column of {contract.table}"
            raise SourceError(f"{said_in}: '{column}' {wrong}.{did_you_mean(column, able)}")
    return [Correction(*row) for row in found]


def files_named(con) -> set[str]:
    """The files that corrections name. Raises SourceError if one of them was never loaded."""
    files = [file for (file,) in con.execute("SELECT DISTINCT file FROM account ORDER BY file").fetchall()]
    named = con.execute("SELECT file, line, file_name FROM raw_corrections ORDER BY ALL").fetchall()
    for file, line, wanted in named:
        if wanted not in files:
            raise SourceError(f"{file}, row {line}: no file '{wanted}' was ever loaded.{did_you_mean(wanted, files)}")
    return {wanted for *_, wanted in named}


def every_one_fits(con, file: str, corrections: list[Correction]) -> set[int]:
    """The numbers of the corrections whose row is in the table `checked`.

    Raises SourceError if a value is not the one that was to be corrected: the file has changed.
    """
    found = con.execute("SELECT _line, unnest(corrected, recursive := true) FROM checked").fetchall()
    for line, number, value in found:
        one = corrections[number]
        if value != one.expect:
            was, wanted = ("empty" if text is None else f"'{text}'" for text in (value, one.expect))
            raise SourceError(
                f"{one.said_in}: {one.column} of '{one.key}' is {was} in {file}, row {line}, and {wanted} was "
                f"expected. The file has changed: expect what it says now, or take the correction out."
            )
    return {number for _, number, _ in found}


def none_is_left_over(corrections: list[Correction], file: str, used: set[int]) -> None:
    """Raises SourceError for a correction of a row that the file does not have."""
    for number, one in enumerate(corrections):
        if number not in used:
            raise SourceError(f"{one.said_in}: {file} has no row with the key '{one.key}'. Take the correction out.")


def keep_as_told(con, contract: Contract, corrections: list[Correction], known_on: date, *, before: str) -> None:
    """What was found out after `known_on` goes from `checked` to `amended`; what the file said takes its place.

    `before` is the query of the same rows without those corrections. Where what the file said could not be kept, the
    row stays as it is corrected.
    """
    days = " ".join(f"WHEN {number} THEN DATE '{one.corrected_on}'" for number, one in enumerate(corrections))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE amended_now AS
        SELECT c.*, list_max(list_transform(c.corrected, lambda one: CASE one.number {days} END)) AS amended_on
        FROM checked c
        WHERE amended_on > DATE '{known_on}' AND c.kept""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE before AS
        FROM ({before}) b
        SEMI JOIN amended_now a ON {same_key(contract, "b", "a")}
        WHERE b.kept""")
    there = f"EXISTS (FROM before b WHERE {same_key(contract, 'b', 'c')})"
    con.execute("CREATE TEMP TABLE IF NOT EXISTS amended AS FROM amended_now LIMIT 0")
    con.execute(f"INSERT INTO amended FROM amended_now c WHERE {there}")
    con.execute(f"DELETE FROM checked c WHERE {there}")
    con.execute("INSERT INTO checked BY NAME FROM before")


def amend(con, contract: Contract, file: str, known_on: date) -> None:
    """The rows of `amended` join the history, each on the day on which it was put right."""
    name, history = file + CORRECTED, history_of(contract)
    earlier = con.execute(f"SELECT DISTINCT file_on FROM {history} WHERE file = ? AND file_on > ?", [name, known_on])
    before = {day for (day,) in earlier.fetchall()}
    con.execute("CREATE TEMP TABLE IF NOT EXISTS amended AS SELECT NULL::DATE AS amended_on LIMIT 0")
    columns = ", ".join(map(quoted, contract.fields))
    for day in sorted(before | {day for (day,) in con.execute("SELECT DISTINCT amended_on FROM amended").fetchall()}):
        con.execute(f"CREATE OR REPLACE TEMP TABLE arrived AS FROM {history} LIMIT 0")
        con.execute(
            f"INSERT INTO arrived BY NAME SELECT {columns}, ? AS file, _line AS line, amended_on AS file_on, "
            "amended_on AS said_on FROM amended WHERE amended_on = ?", [name, day],
        )  # fmt: skip
        told(con, contract, name, day, again=day if day in before else None, covers=None, later=[])
    con.execute("DROP TABLE amended")
