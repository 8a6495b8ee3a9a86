"""JSON and JSON lines → batches of rows of text, with the number of the record or the line it stands on.

Records inside a record become columns named by the path to them (`timeline.incident.year`); lists stay as JSON.
A file is gone through twice, record by record: for the names of all its columns, then for its rows.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from retail_analytics.errors import SourceError
from retail_analytics.sources.opening import blocks, pieces
from retail_analytics.sources.reading import Batch, TextRows, header_of
from retail_analytics.sources.records import as_json, as_text, leaves, storable

ENDINGS = (".json", ".jsonl", ".ndjson")
RECORDS = 50_000  # in a batch
LONGEST = 64 << 20  # characters of one record: more is a list that is damaged
BEGINNING, SPACE = re.compile(r"[ \t\n\r]*\[([ \t\n\r]*])?"), re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()

Found = Iterator[tuple[int, object, str]]  # line or number, record (or another value), text


def read_documents(path: Path, *, encoding: str | None = None, member: str | None = None) -> TextRows:
    """Read records as text. Every column that any record has is a column; what a record lacks is empty.

    A line of JSON lines that is no record is refused by itself; a JSON file must be a list of records, and its
    records are numbered from 1.
    Raises SourceError if the file is missing, damaged or holds no records.
    """
    if not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    ending = next(suffix for suffix in path.suffixes[::-1] if suffix.lower() in ENDINGS).lower()
    found, raw = (_listed, _on_one_line) if ending == ".json" else (_lines, str)
    names: dict[str, object] = {}
    first = last = 0
    for last, record, _ in found(path, encoding, member):
        if isinstance(record, dict):
            first = first or last
            leaves(record, names)
    if not names:
        raise SourceError(f"{path.name} holds no records. Expected a list of them, or one on each line.")
    columns = dict(zip(names, header_of(path.name, first, [storable(name) for name in names]), strict=True))

    def batches() -> Iterator[Batch]:
        coming = found(path, encoding, member)
        while batch := _batch(islice(coming, RECORDS), columns, raw, last):
            yield batch

    def records_at(lines: set[int]) -> dict[int, str]:
        wanted = ((line, raw(text)) for line, _, text in found(path, encoding, member) if line in lines)
        return dict(islice(wanted, len(lines)))

    return TextRows(list(columns.values()), batches(), records_at)


def _batch(found: Found, columns: dict[str, str], raw: Callable[[str], str], last: int) -> Batch | None:
    """Records as rows; None if there are none. Nothing of a record stays but text: it takes a tenth of the room."""
    texts: dict[str, list[str]] = {name: [] for name in columns}
    lines, refused, read = [], [], {}
    for line, record, text in found:
        read[line] = text
        if isinstance(record, dict):
            lines.append(line)
            values = leaves(record, {})
            for name, column in texts.items():
                column.append(as_text(values.get(name)))
        else:
            refused.append((line, "not a JSON record"))
    schema = dict.fromkeys(columns.values(), pl.String) | {"_line": pl.Int64}
    rows = pl.DataFrame([*texts.values(), lines], schema)
    return Batch(rows, refused, lambda line: raw(read[line]), max(read) / last) if read else None


def _lines(path: Path, encoding: str | None, member: str | None) -> Found:
    for block in blocks(path, encoding=encoding, member=member):
        for at in range(block.own):
            text = block.text(at).strip()
            if text:
                try:
                    yield block.first + at, json.loads(text), text
                except (ValueError, RecursionError):
                    yield block.first + at, None, text


def _listed(path: Path, encoding: str | None, member: str | None) -> Found:
    """The records of a JSON list. One that cannot be read may go on in the next piece of the file."""
    coming = pieces(path, encoding=encoding, member=member)
    text, row, number = "", 1, 0
    while len(text.strip()) < 2 and (more := next(coming, "")):
        text += more
    beginning = BEGINNING.match(text)
    if not beginning:
        raise SourceError(f"{path.name} does not begin with [. Expected a list of records; "
                          f"one record on each line is read from a file called .jsonl.")  # fmt: skip
    at = beginning.end() - 1  # where the [ stands, or the comma behind a record, or the ] that ends them
    while text[at] != "]":
        begin = SPACE.match(text, at + 1).end()
        try:
            record, end = DECODER.raw_decode(text, begin)
            behind = SPACE.match(text, end).end()
            if text[behind : behind + 1] not in (",", "]"):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, behind)
        except RecursionError:
            raise SourceError(f"{path.name}: records inside records without end are no table.") from None
        except ValueError as error:
            if len(text) - at > LONGEST or not (more := next(coming, "")):
                row += text.count("\n", 0, getattr(error, "pos", begin))
                raise _not_json(path, row, getattr(error, "msg", error)) from None
            row += text.count("\n", 0, at)
            text, at = text[at:] + more, 0
        else:
            number += 1
            yield number, record, text[begin:end]
            at = behind
    if text[at + 1 :].strip() or any(more.strip() for more in coming):
        raise _not_json(path, row + text.count("\n", 0, at), "more stands behind the list")


def _not_json(path: Path, row: int, why) -> SourceError:
    return SourceError(f"{path.name}, row {row}: not JSON ({why}). Fetch it again.")


def _on_one_line(text: str) -> str:
    try:
        return as_json(json.loads(text))
    except RecursionError:  # a deep record can be read by a shallow caller only
        return text
