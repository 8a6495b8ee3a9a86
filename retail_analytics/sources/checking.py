"""Rows of text → kept rows and refused rows with every reason, as one SQL query.

A contract (contract/*.yaml, a Frictionless Table Schema) says what a table must look like; a mapping
(mappings/*.yaml) says which of their columns and words are ours. Both are compiled to a query; the
warehouse runs it.
"""

from dataclasses import dataclass
from datetime import date

from retail_analytics.errors import SourceError, did_you_mean
from retail_analytics.sources.contracts import SQL_TYPES, TYPE_WORDS, Contract, quoted
from retail_analytics.sources.mapping import Mapping
from retail_analytics.sources.notations import day, literal, number

NOTHING = "CAST(NULL AS VARCHAR)"  # the text of a column that a file does not have
MOST_VARIANTS = 5  # values of one reason that an account names one by one
YAML_WORDS = {True: ("true", "yes", "on"), False: ("false", "no", "off")}  # YAML reads an unquoted yes as true


@dataclass(frozen=True)
class Correction:
    """A value of a file that is known to be wrong: in the row of this key, `column` says `expect` and means `value`."""

    key: str
    column: str
    expect: str | None
    value: str | None
    corrected_on: date
    said_in: str  # its own file and row


def unused_columns(contract: Contract, mapping: Mapping, header: list[str]) -> list[str]:
    """Columns of a file in our own names that we do not know, each with the nearest name that we do."""
    if mapping.columns is not None:
        return []
    return [c + did_you_mean(c, contract.fields).split(" Known")[0] for c in header if c not in contract.fields]


def checked_rows(
    contract: Contract, mapping: Mapping, header: list[str], *, file: str, today: date, known: set[str], padded: bool,
    corrections: list[Correction],
) -> str:  # fmt: skip
    """The query that turns the relation `text_rows` into checked rows.

    Gives _line, every column of the contract in its type, `left_out` (the mapping leaves the row out), `kept` (it is
    not left out and breaks no rule; its key may still repeat), `reasons`, the sentences on the rules that it breaks,
    and `corrected`, a list of {number of a correction, what was found in its place}. `known` names the tables that hold
    rows: a reference is only checked against those (as raw_<table>). Fields that are `padded` lose the spaces around
    them.
    """
    lacking = [name for name in mapping.optional if name.lower() not in {h.lower() for h in header}]
    expressions = _expressions(contract, mapping, [*header, *lacking], file, padded)
    texts = ",\n    ".join(f"{sql} AS {quoted(name + '_text')}" for name, sql in expressions.items())
    types = ",\n    ".join(f"{_typed(f, mapping)} AS {quoted(name)}" for name, f in contract.fields.items())
    left_out = f"coalesce(({mapping.leave_out['when']}), false)" if mapping.leave_out else "false"
    empty = {name for name, sql in expressions.items() if sql == NOTHING}
    rules = _rules(contract, today, known, empty)
    breaks = "".join(f",\n    {broken} AS _breaks_{n}" for n, (broken, _) in enumerate(rules))
    any_broken = " OR ".join(f"_breaks_{n}" for n in range(len(rules))) or "FALSE"
    reasons = ",\n    ".join(f"CASE WHEN _breaks_{n} THEN {words} END" for n, (_, words) in enumerate(rules)) or NOTHING
    columns = ", ".join(quoted(name) for name in contract.fields)
    added = "".join(f", {NOTHING} AS {quoted(name)}" for name in lacking)
    corrected, found = _corrected(contract, corrections)
    return f"""
WITH texts AS (
  SELECT _line, {left_out} AS left_out,
    {texts}
  FROM (SELECT *{added} FROM text_rows)
), corrected AS (
  SELECT *{corrected},
    {found} AS corrected
  FROM texts
), typed AS (
  SELECT *,
    {types}
  FROM corrected
), judged AS (
  SELECT *{breaks}
  FROM typed
)
SELECT _line, {columns}, left_out, corrected,
  NOT left_out AND NOT coalesce({any_broken}, FALSE) AS kept,
  -- Sentences are made for the few rows that need them.
  CASE WHEN {any_broken} THEN list_filter([
    {reasons}
  ], lambda reason: reason IS NOT NULL) ELSE [] END AS reasons
FROM judged"""


def repeated_rows(contract: Contract, kept: str) -> str:
    """The query that finds the rows of the table `kept` whose key stands on an earlier line.

    Gives row_id, line, same (whether every column is that of the earlier row) and reason.
    """
    texts = [f"coalesce(CAST({quoted(k)} AS VARCHAR), '')" for k in contract.key]
    key, shown = ", ".join(texts), " || ' ' || ".join(texts)
    columns = ", ".join(map(quoted, contract.fields))
    # Only hashes are kept of all keys; the few that repeat are compared in full.
    return f"""
WITH repeated AS (
  SELECT hash({key}) AS mark FROM {kept} GROUP BY mark HAVING count(*) > 1
), suspects AS (
  SELECT rowid AS row_id, line, {shown} AS shown, [{key}] AS key, row({columns}) AS content
  FROM {kept}
  WHERE hash({key}) IN (SELECT mark FROM repeated)
), turns AS (
  SELECT row_id, line, shown, row_number() OVER turn AS turn, first_value(line) OVER turn AS first_line,
    content IS NOT DISTINCT FROM first_value(content) OVER turn AS same
  FROM suspects
  WINDOW turn AS (PARTITION BY key ORDER BY line, row_id)
)
SELECT row_id, line, same,
  '{", ".join(contract.key)} ''' || shown || ''' stands already on row ' || first_line AS reason
FROM turns
WHERE turn > 1"""


def grouped_reasons(refused: str) -> str:
    """The query that counts the reasons of the relation `refused`, the commonest first: reason, times.

    Reasons that differ only in the values they name are one when there are many of them.
    """
    return f"""
WITH exact AS (
  SELECT reason, count(*) AS times,
    regexp_replace(regexp_replace(reason, '''[^'']*''', '''…''', 'g'), '\\brow [0-9]+', 'another row', 'g') AS alike
  FROM (SELECT unnest(reasons) AS reason FROM {refused})
  GROUP BY reason
), shown AS (
  SELECT CASE WHEN count(*) OVER (PARTITION BY alike) > {MOST_VARIANTS} THEN alike ELSE reason END AS reason, times
  FROM exact
)
SELECT reason, CAST(sum(times) AS BIGINT) AS times
FROM shown
GROUP BY reason
ORDER BY times DESC, reason"""


def _corrected(contract: Contract, corrections: list[Correction]) -> tuple[str, str]:
    """REPLACE of the columns that are corrected, and the list of what stood there."""
    key = " || ' ' || ".join(f"coalesce({quoted(k + '_text')}, '')" for k in contract.key)
    whens: dict[str, str] = {}
    found = []
    for place, one in enumerate(corrections):
        here = f"{key} = {literal(one.key)}"
        value = "NULL" if one.value is None else literal(one.value)
        whens[one.column] = whens.get(one.column, "") + f" WHEN {here} THEN {value}"
        found.append(f"CASE WHEN {here} THEN {{'number': {place}, 'found': {quoted(one.column + '_text')}}} END")
    texts = {quoted(column + "_text"): cases for column, cases in whens.items()}
    replaced = ", ".join(f"CASE{cases} ELSE {text} END AS {text}" for text, cases in texts.items())
    listed = f"list_filter([{', '.join(found)}], lambda one: one IS NOT NULL)" if found else "NULL"
    return f" REPLACE ({replaced})" if found else "", listed


def _expressions(
    contract: Contract, mapping: Mapping, header: list[str], file: str, padded: bool
) -> dict[str, str]:
    """For each column of the contract the SQL that gives its text from their columns."""
    columns = mapping.columns
    if columns is None:
        columns = {name: {"from": name} for name in contract.fields if name in header}
    for name in contract.required:
        if name not in columns:
            near = did_you_mean(name, header).split(" Known")[0]
            raise SourceError(
                f"{file}: column '{name}' of {contract.table} is missing.{near} Columns found: {', '.join(header)}."
            )
    return {name: _expression(columns.get(name), header, file, padded) for name in contract.fields}


def _expression(column: dict | None, header: list[str], file: str, padded: bool) -> str:
    if column is None:
        return NOTHING
    if "constant" in column:
        return literal(column["constant"])
    if "sql" in column:
        return f"nullif(trim(CAST(({column['sql']}) AS VARCHAR)), '')"
    theirs = column["from"]
    if theirs not in header:
        raise SourceError(f"{file}: column '{theirs}' is missing.{did_you_mean(theirs, header)}")
    text = f"nullif({f'trim({quoted(theirs)})' if padded else quoted(theirs)}, '')"
    if "values" not in column:
        return text
    cases = {"": "NULL"}
    for their, our in column["values"].items():
        written = YAML_WORDS[their] if isinstance(their, bool) else ["" if their is None else str(their)]
        cases |= {word.strip().lower(): "NULL" if our is None else literal(our) for word in written}
    whens = " ".join(f"WHEN {literal(their)} THEN {our}" for their, our in cases.items())
    otherwise = text
    if "otherwise" in column:
        otherwise = "NULL" if column["otherwise"] is None else literal(column["otherwise"])
    return f"CASE lower(coalesce({text}, '')) {whens} ELSE {otherwise} END"


def _typed(f: dict, mapping: Mapping) -> str:
    text = quoted(f["name"] + "_text")
    column = (mapping.columns or {}).get(f["name"]) or {}
    if column.keys() & {"format", "zone"}:
        return day(text, column)
    typed, value = f"TRY_CAST({text} AS {SQL_TYPES[f['type']]})", f"TRY_CAST({text} AS DOUBLE)"
    if "number" in column:
        value = number(text, column["number"])
        typed = f"TRY_CAST({value} AS {SQL_TYPES[f['type']]})"
    if f["type"] in ("number", "date"):  # the engine reads 'nan', 'inf' and 'infinity' too
        return f"CASE WHEN isfinite({typed}) THEN {typed} END"
    if f["type"] == "integer":  # … and rounds 1.5 to 2
        return f"CASE WHEN {value} = {typed} THEN {typed} END"
    return typed


def _rules(contract: Contract, today: date, known: set[str], empty: set[str]) -> list[tuple[str, str]]:
    """For each rule whether a row breaks it, and the sentence that says so, as SQL. `empty` columns break none."""
    rules = []

    def rule(broken: str, name: str, words: str) -> None:
        if name not in empty:
            rules.append((broken, f"{literal(f'column {name}: ')} || {words}"))

    for name, f in contract.fields.items():
        value, text, limits = quoted(name), quoted(name + "_text"), f.get("constraints", {})
        shown = f"'''' || left({text}, 80) || ''''"
        if limits.get("required"):
            rule(f"{text} IS NULL", name, "'empty, but required'")
        if f["type"] in TYPE_WORDS:
            expected = f" is not {TYPE_WORDS[f['type']]}" + (f" like {f['example']}" if f.get("example") else "")
            rule(f"{text} IS NOT NULL AND {value} IS NULL", name, f"{shown} || {literal(expected)}")
        if "enum" in limits:
            allowed = ", ".join(map(literal, limits["enum"]))
            expected = " is not one of " + ", ".join(limits["enum"])
            rule(f"{value} NOT IN ({allowed})", name, f"{shown} || {literal(expected)}")
        if "pattern" in limits:
            expected = f" does not look like {f['example']}"
            rule(f"NOT regexp_full_match({value}, {literal(limits['pattern'])})", name,
                 f"{shown} || {literal(expected)}")
        for limit, sign, words in (("minimum", "<", "below"), ("maximum", ">", "above")):
            if limit in limits:
                bound = literal(limits[limit]) if f["type"] == "date" else limits[limit]
                expected = f" is {words} {limits[limit]}"
                rule(f"{value} {sign} {bound}", name, f"{shown} || {literal(expected)}")
    for name in contract.covers:
        rule(f"{quoted(name)} > DATE '{today}'", name,
             f"'''' || {quoted(name)} || ''' lies in the future (the file is of {today})'")
    for first, second in contract.order:
        rule(f"{quoted(second)} < {quoted(first)}", second,
             f"'''' || {quoted(second)} || ''' is before {first} ''' || {quoted(first)} || ''''")
    for name, table in contract.references.items():
        if table in known:
            rule(f"{quoted(name)} NOT IN (SELECT {quoted(name)} FROM {quoted('raw_' + table)})", name,
                 f"'''' || {quoted(name)} || ''' is not in the table {table}'")
    return rules
