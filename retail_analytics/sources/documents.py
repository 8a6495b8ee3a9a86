"""JSON, JSON lines and Parquet → rows of text, with the number of the record or the line it stands on.

Records inside a record become columns named by the path to them (`timeline.incident.year`); lists stay as JSON.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from retail_analytics.errors import SourceError
from retail_analytics.sources.opening import blocks
from retail_analytics.sources.reading import Batch, TextRows, header_of

ENDINGS = (".json", ".jsonl", ".ndjson", ".parquet")
DEEPEST = 20  # records inside records


def read_documents(path: Path, *, encoding: str | None = None, member: str | None = None) -> TextRows:
    """Read records as text. Every column that any record has is a column; what a record lacks is empty.

    A line of JSON lines that is no record is refused by itself; a JSON file must be a list of records, and its
    records are numbered from 1, as those of a Parquet file are.
    Raises SourceError if the file is missing, damaged or holds no records.
    """
    if not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    ending = next(suffix for suffix in path.suffixes[::-1] if suffix.lower() in ENDINGS).lower()
    if ending == ".parquet":
        try:
            found = [(n, record, None) for n, record in enumerate(pl.read_parquet(path).to_dicts(), 1)]
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceError(f"{path.name} is a damaged Parquet file ({str(error).splitlines()[0]}).") from None
    elif ending == ".json":
        found = list(_listed(path, encoding, member))
    else:
        found = list(_lines(path, encoding, member))
    refused = [(line, "not a JSON record") for line, record, _ in found if not isinstance(record, dict)]
    flat = {line: dict(_leaves(record)) for line, record, _ in found if isinstance(record, dict)}
    names = list(dict.fromkeys(name for record in flat.values() for name in record))
    if not names:
        raise SourceError(f"{path.name} holds no records. Expected a list of them, or one on each line.")
    header = header_of(path.name, min(flat), names)
    columns = {h: [record.get(name, "") for record in flat.values()] for h, name in zip(header, names, strict=True)}
    rows = pl.DataFrame(columns | {"_line": list(flat)}, schema=dict.fromkeys(header, pl.String) | {"_line": pl.Int64})
    raw = {line: text or json.dumps(record, default=str, ensure_ascii=False) for line, record, text in found}
    return TextRows(header, iter([Batch(rows, refused, raw.__getitem__)]), lambda lines: {n: raw[n] for n in lines})


def _lines(path: Path, encoding: str | None, member: str | None) -> Iterator[tuple[int, object, str | None]]:
    for block in blocks(path, encoding=encoding, member=member):
        for at in range(block.own):
            text = block.text(at).strip()
            if text:
                try:
                    yield block.first + at, json.loads(text), text
                except (ValueError, RecursionError):
                    yield block.first + at, None, text


def _listed(path: Path, encoding: str | None, member: str | None) -> Iterator[tuple[int, object, str | None]]:
    text = "".join(block.text(0, block.own) for block in blocks(path, encoding=encoding, member=member) if block.own)
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"{path.name}, row {error.lineno}: not JSON ({error.msg}). Fetch it again.") from None
    except RecursionError:
        raise SourceError(f"{path.name}: records inside records without end are no table.") from None
    if not isinstance(records, list):
        raise SourceError(f"{path.name} is one JSON value. Expected a list of records.")
    yield from ((number, record, None) for number, record in enumerate(records, 1))


def _leaves(value, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The values of a record, each with the path to it, as text."""
    if isinstance(value, dict) and value and depth < DEEPEST:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, str):
        yield path, value
    elif value is None or value == {} or value == []:
        yield path, ""
    elif isinstance(value, bool | dict | list):
        yield path, json.dumps(value, default=str, ensure_ascii=False)
    else:
        yield path, str(value)
