"""What a report says about itself: how fresh its data are, what changed, what it cannot say, where it comes from."""

import json
from importlib.metadata import version

import polars as pl

from retail_analytics import words
from retail_analytics.exhibits import Exhibit, definition, plain, points
from retail_analytics.language import message, phrase, phrase_for
from retail_analytics.measure import Measured, measure
from retail_analytics.metrics import iot
from retail_analytics.warehouse import Warehouse, load_account
from retail_analytics.words.parts import inside

LATE = 7  # days behind the newest table: one missed weekly export
PACKAGES = ("duckdb", "ibis-framework", "plotly", "polars", "statsmodels")
ROWS = ("read", "kept", "refused", "merged", "left_out")
ARRIVED = ("new", "updated", "confirmed", "overruled", "withdrawn", "closed", "corrected")
ACCOUNT = ("file", "table", "known_on", *ROWS, *ARRIVED)  # of a file, for programs
MAIN_TABLES = ("stores", "store_days", "devices", "incidents", "findings", "controls", "training", "uplinks")


def health(warehouse: Warehouse, title: str = message("Data health")) -> Exhibit:
    """How far each table reaches: up to date, late (more than a week behind the newest), or not there."""
    newest = max(row["covered_to"] for row in warehouse.coverage.values())
    refused = dict(warehouse.sql('SELECT "table", count(*) FROM refused GROUP BY ALL').iter_rows())
    cells = []
    for table in MAIN_TABLES:
        cell = {"name": _name(table), "state": "missing", "word": phrase("Not recorded")}
        cell["note"] = phrase("no rows in this warehouse")
        if table in warehouse.coverage:
            row = warehouse.coverage[table]
            late = (newest - row["covered_to"]).days > LATE
            cell |= {"state": "late" if late else "ok", "note": words.plural(row["row_count"], "row")}
            day = words.day(row["covered_to"])
            cell["word"] = phrase("Late, {day}", day=day) if late else phrase("To {day}", day=day)
            if table in refused:
                cell["note"] += phrase("; {n} refused", n=words.number(refused[table]))
        cells.append(cell)
    late = [cell["name"] for cell in cells if cell["state"] == "late"]
    missing = sum(cell["state"] == "missing" for cell in cells)
    standing = phrase("{tables} late", tables=words.listed(late)) if late else phrase("no table is late")
    told = {"n": words.number(len(cells) - missing), "all": words.plural(len(cells), "table"), "late": standing}
    standing = phrase("{n} of {all} recorded; {late}.", **told)
    return Exhibit({"kind": "health", "title": phrase(title), "standing": standing, "cells": cells})


def changed(warehouse: Warehouse, **story) -> Exhibit:
    """Where a page tells what changed since the last report (that is known when it is published), and what only the
    data tell of it: the devices that became visible in the last month and were there before.
    """
    seen = measure(warehouse, iot.newly_visible, **(story | {"months": 1}))
    count = 0 if seen.not_recorded else seen.rows["value"][0]
    visible = phrase_for(
        count, "{n} device first seen by a tool switched on in the last month.",
        "{n} devices first seen by a tool switched on in the last month.", n=words.about(count),
    ) if count else ""  # fmt: skip
    return Exhibit({"kind": "changed", "title": phrase("What changed"), "visible": visible})


def limits(*said, title: str = message("What we cannot say")) -> Exhibit:
    """The sentences that keep a reader from believing too much, from verdicts and measured tables.

    From a verdict its reason; from a measured table what is not recorded, not covered or provisional, and
    every caveat noted. Never empty.
    """
    sentences: list[str] = []
    for one in said:
        sentences += _limits_of(one) if isinstance(one, Measured) else [one.reason] if one.reason else []
    why = phrase("Why anything rose or fell: these are descriptions, and nothing here was tested as a cause.")
    sentences.append(why)
    return points(title, list(dict.fromkeys(sentences)), style="limits")


def about(warehouse: Warehouse, *measured: Measured, last_month: str, months: int, scope: str) -> Exhibit:
    """The end of a report: parameters, snapshot, versions, definitions of what was measured, the account of files."""
    metrics = {one.metric.name: one.metric for one in measured}.values()
    facts = [
        [phrase("Data"), warehouse.title],
        [phrase("Last month"), last_month],
        [phrase("Months shown"), words.number(months)],
        [phrase("Scope"), str(warehouse.scope(scope))],
        [phrase("As known on"), words.day(warehouse.known_by) if warehouse.known_by else phrase("now")],
        [phrase("Snapshot"), warehouse.snapshot],
        [phrase("Code"), f"retail-analytics {version('retail-analytics')}"],
        [phrase("Packages"), ", ".join(f"{name} {version(name)}" for name in PACKAGES)],
    ]
    account = load_account(warehouse)
    return Exhibit(
        {
            "kind": "about",
            "facts": facts,
            "definitions": [definition(metric) for metric in metrics],
            "files": _files(account),
            "account": [
                {name: plain(row[name]) for name in ACCOUNT} | {"reasons": json.loads(row["reasons"])}
                for row in account.iter_rows(named=True)
            ],
            "quoted": _quoted(warehouse, scope),
            "read": warehouse.tables_read,
        }
    )


def _quoted(warehouse: Warehouse, scope: str) -> list[str]:
    """Texts of others that may stand in our sentences: names of places and owners, and what was noted."""
    regions = [store.region for store in warehouse.stores.values()]
    notes = [text.rstrip(".") for text in warehouse.whole("annotations")["text"]]
    owners = warehouse.whole("tolerances")["owner"].to_list()
    return sorted({*filter(None, [*regions, *notes, *owners, warehouse.scope(scope).label])})


def _files(account: pl.DataFrame) -> dict:
    rows = []
    for row in account.iter_rows(named=True):
        counts = [words.number(row[name]) for name in ROWS]
        reason = next(iter(json.loads(row["reasons"])), "")
        rows.append([row["file"], _name(row["table"]), words.day(row["known_on"]), *counts, reason])
    return {"columns": [phrase(name) for name in OF_FILES], "rows": rows}


OF_FILES = (
    message("File"), message("Table"), message("Known on"), message("Read"), message("Kept"), message("Refused"),
    message("Merged"), message("Left out"), message("Commonest reason"),
)  # fmt: skip


def _limits_of(measured: Measured) -> list[str]:
    label = measured.metric.label
    if measured.not_recorded:
        return [phrase("{label}: not recorded ({why}).", label=label, why=measured.not_recorded)]
    sentences = [_noted(note) for note in measured.annotations if note["kind"] in ("caveat", "recording change")]
    for gap in measured.gaps:
        first, last = words.month(gap["first"]), words.month(gap["last"])
        told = {"region": gap["region"], "months": first if first == last else words.interval(first, last, str)}
        told |= {"table": inside(_name(gap["table"]))}
        sentences.append(phrase("{region} sent no {table} for {months}: a gap, not zero.", **told))
    if measured.provisional_from:
        entries = words.listed(inside(_name(table)) for table in measured.tables if table == "incidents")
        told = {"month": words.month(measured.provisional_from), "entries": entries}
        sentences.append(phrase("{month} is provisional: {entries} still come in late.", **told))
    return sentences


def _noted(note: dict) -> str:
    """A caveat as it was written; a change of recording with its day, as that is where a series breaks."""
    return note["text"] if note["kind"] == "caveat" else f"{words.day(note['from_on'])}: {note['text']}"


def _name(table: str) -> str:
    return words.opening(words.column(table))
