"""The cleaned tables of tables/*.sql, views of raw_<table> or built from it, as they are or as known on a day."""

import re
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from retail_analytics.sources.contracts import contracts, quoted
from retail_analytics.warehouse.history import history_of, newest_words, said_since, words_known

TABLES = (  # in the order in which they are built
    "calendar", "stores", "store_days", "device_records", "device_pairs", "device_chains", "device_doubts",
    "device_links", "devices", "device_spans", "visit_spans", "incidents", "incident_days", "findings", "controls",
    "training", "uplinks", "annotations", "tolerances", "coverage", "gaps",
)  # fmt: skip
VIEW = "\n-- A view: "  # begins the second line of a table in which no row depends on the others: nothing to build
CUT_SHORT = """SELECT * REPLACE (
    least(covered_to, {day}) AS covered_to,
    least(settled_to, {day} - CAST(covered_to - settled_to AS INTEGER)) AS settled_to
  )"""  # the days that a table covers, as they could be told on a day


def definitions() -> str:
    """A fingerprint of how cleaned tables are made: when it changes, they are built again."""
    return sha256("".join(map(_definition, TABLES)).encode()).hexdigest()


def build(con, loaded: set[str], *, anew: bool) -> None:
    """Build the tables again that depend on those loaded, or all of them (`anew`)."""
    changed = {f"{of}_{table}" for table in loaded for of in ("raw", "history")} | ({"account"} if loaded else set())
    for name in TABLES:
        depends = bool(sources(name) & changed)
        changed |= {name} if depends else set()
        if anew or (depends and not _is_view(name)):
            kind = "VIEW" if _is_view(name) else "TABLE"
            con.execute(f"CREATE OR REPLACE {kind} {quoted(name)} AS\n{_definition(name)}")


def known_definitions(con, day: date, *, of: str) -> dict[str, str]:
    """How each cleaned table is made as it was known on a day, from the snapshot attached as `of`.

    Those of which nothing else has been said since are views that leave out what came later; the others are built,
    which needs the tables that they are made of (`sources`). What is not a cleaned table is there at once.
    """
    con.execute(f"""
        CREATE VIEW meta AS FROM {of}.meta;
        CREATE VIEW refused AS FROM {of}.refused;
        CREATE VIEW account AS FROM {of}.account
        QUALIFY known_on <= greatest(DATE '{day}', min(known_on) OVER (PARTITION BY "table"))""")
    changed, timed, then = set(), set(), f"DATE '{day}'"
    for table, contract in contracts().items():
        con.execute(f"CREATE VIEW {history_of(contract)} AS {words_known(contract, day, of=f'{of}.')}")
        con.execute(f"CREATE VIEW {quoted('raw_' + table)} AS {newest_words(contract)}")
        if con.execute(said_since(contract, day, of=f"{of}.")).fetchall()[0][0]:
            changed |= {f"raw_{table}", f"history_{table}"}
    made = {}
    for name in TABLES:
        columns = {column for column, *_ in con.execute(f"DESCRIBE {of}.{quoted(name)}").fetchall()}
        timed |= {name} if "known_on" in columns else set()
        changed |= {name} if sources(name) & changed else set()
        # What sums up other tables sums up less of them.
        anew = name in changed or (name not in timed and sources(name) & timed)
        found = f"({_definition(name)})" if anew else f"{of}.{quoted(name)}"
        known = f"{found} WHERE known_on IS NULL OR known_on <= {then}" if name in timed else found
        if name == "coverage":
            known = f"({CUT_SHORT.format(day=then)} FROM {found}) WHERE covered_from <= covered_to"
        made[name] = f"CREATE {'TABLE' if anew else 'VIEW'} {quoted(name)} AS FROM {known}"
    return made


def _is_view(name: str) -> bool:
    return VIEW in _definition(name)


@cache
def sources(name: str) -> set[str]:
    """The tables that a cleaned table is made of."""
    return {*re.findall(r"\b(?:FROM|JOIN) (\w+)", _definition(name))}


@cache
def _definition(name: str) -> str:
    return (Path(__file__).parents[1] / "tables" / f"{name}.sql").read_text(encoding="utf-8")
