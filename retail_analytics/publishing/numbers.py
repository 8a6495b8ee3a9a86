"""The record of a page: all that it says, for programs, as JSON inside the page.

Texts as they stand in the page, numbers as numbers: those of the measured tables that the exhibits were made of.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from retail_analytics import words
from retail_analytics.errors import WorkbenchError
from retail_analytics.publishing import islands
from retail_analytics.publishing.changes import LISTS

SHAPE = 1  # how a record is written: pages whose record is written otherwise are not read
HELD = re.compile(r'<script type="application/json" id="report-record"[^>]*>(.*?)</script>', re.DOTALL)
ROWS = ("read", "kept", "refused", "merged", "left_out")  # of the account of a file
OF_VERDICT = ("question", "status", "word", "number", "interval", "sentence", "meta", "measured")
OF_EXHIBIT = ("number", "form", "title", "subtitle", "words", "source", "tier", "notes")


def record_of(page: dict, about: dict) -> dict:
    """The record of a page (its outline), made by the run that `about` tells of.

    A table is its columns: name, label, values; one after the other they are the rows of the page's table. Beside it
    stands what was measured: metric, unit, groups, window, level of the interval, the day it was known, tolerance.
    """
    blocks = page["front"] + [block for section in page["sections"] for block in section["blocks"]]
    verdicts = [row for block in blocks if block["kind"] == "ledger" for row in block["rows"]]
    terms = [term for one in page["exhibits"] for term in one.get("terms", [])]
    definitions = {one["name"]: _without(one, "anchor") for one in [*terms, *page["about"].get("definitions", [])]}
    annotations = [note for one in page["exhibits"] for note in one.get("measured", {}).get("annotations", [])]
    return {
        "shape": SHAPE,
        "report": _report(about),
        "parameters": about.get("parameters", {}),
        "snapshot": about.get("snapshot"),
        "method": about.get("method", {}),
        "headline": page["headline"] and {name: page["headline"][name] for name in ("text", "standfirst")},
        "verdicts": [{name: row.get(name) for name in OF_VERDICT} for row in verdicts],
        "exhibits": [_exhibit(one) for one in page["exhibits"]],
        "definitions": [*definitions.values()],
        "annotations": [*{json.dumps(note): note for note in annotations}.values()],
        "account": page["about"].get("account", []),
    }


def read(path: Path) -> dict:
    """The record that a page holds. Raises WorkbenchError in a sentence where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise WorkbenchError(f"There is no page {path}. Those of the shelf are in reports/published.") from None
    except (OSError, UnicodeDecodeError):
        raise WorkbenchError(f"{path} is no page of a report. Name the .html file of one.") from None
    held = HELD.search(text)
    if not held:
        raise WorkbenchError(f"{path} holds no numbers: it is no page of a report. Name the .html file of one.")
    try:
        record = islands.read(held[1])
    except ValueError:
        raise WorkbenchError(f"{path} is damaged: its record cannot be read. Publish the report again.") from None
    if record.get("shape") != SHAPE:
        raise WorkbenchError(f"{path} is a page of another version of this program. Publish the report again.")
    return record


def readable(pages: Iterable[Path]) -> list[dict]:
    """The records of those pages that hold one which can be read."""
    found = []
    for page in pages:
        with suppress(WorkbenchError):
            found.append(read(page))
    return found


def told(record: dict) -> Iterator[str]:
    """A record in lines for a person."""
    report, method, account = record["report"], record["method"], record["account"]
    scope = "" if report["scope"] == "all" else f", {report['scope_name']}"
    yield f"{report['title']}, {report['month']}{scope}: {report['organisation']}, as known on {report['as_known']}"
    if record["headline"]:
        yield f"\n{record['headline']['text']}"
    for row in record["verdicts"]:
        number = f" {row['number']}" + f" ({row['interval']})" * bool(row["interval"]) if row["number"] else ""
        yield f"\n{row['question']}: {row['word']}{number}\n  {row['sentence']}"
    for one in record["exhibits"]:
        columns = one["table"]["columns"]
        rows = words.plural(len(columns[0]["values"]), "row")
        yield f"\nExhibit {one['number']}. {one['title']}\n  {one['words']}"
        yield f"  {rows}: {', '.join(column['name'] for column in columns)}"
    for name, items in record.get("changes", {}).items():
        if name in LISTS and items:
            yield f"\n{LISTS[name]}"
            yield from (f"  {item['lead']} {item['text']}" for item in items)
    if account:
        rows = ", ".join(f"{sum(row[n] for row in account):,} {n.replace('_', ' ')}" for n in ROWS)
        yield f"\n{words.plural(len(account), 'file')}: {rows}"
    yield f"Run {report['run']}, snapshot {record['snapshot']}, code {method.get('code', 'not known')}"


def _report(about: dict) -> dict:
    told = {name: about.get(name) for name in ("report", "title", "organisation", "run")}
    return told | {"scope_name": about.get("scope")} | about.get("edition", {})


def _exhibit(exhibit: dict) -> dict:
    columns = [
        {name: column[name] for name in ("name", "label", "values") if name in column}
        for column in exhibit["table"]["columns"]
    ]
    return {name: exhibit.get(name) for name in OF_EXHIBIT} | {
        "measured": _without(exhibit.get("measured", {}), "annotations"),
        "table": {"caption": exhibit["table"].get("caption"), "columns": columns},
    }


def _without(facts: dict, name: str) -> dict:
    return {key: value for key, value in facts.items() if key != name}
