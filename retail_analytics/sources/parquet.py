"""Parquet → batches of rows of text, numbered from 1.

Records inside a row become columns named by the path to them (`timeline.incident.year`); lists stay as JSON.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl

from retail_analytics.errors import SourceError
from retail_analytics.sources.reading import Batch, TextRows, header_of
from retail_analytics.sources.records import as_json, as_text, leaves

ENDINGS = (".parquet",)
ROWS = 100_000  # in a batch


def read_parquet(path: Path) -> TextRows:
    """Read rows as text. The raw text of a row is a JSON record.

    Raises SourceError if the file is missing, damaged or holds no rows.
    """
    if not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    names: dict[str, object] = {}
    rows = 0
    for begin, frame in _frames(path):
        rows, nested = begin + frame.height, any(kind.is_nested() for kind in frame.dtypes)
        records = frame.iter_rows(named=True) if nested else frame[:1].to_dicts()
        for record in records:
            leaves(record, names)
    if not names:
        raise SourceError(f"{path.name} holds no rows. Export it again.")
    columns = dict(zip(names, header_of(path.name, 1, list(names)), strict=True))

    def batches() -> Iterator[Batch]:
        for begin, frame in _frames(path):
            read = pl.DataFrame(_texts(frame, columns), dict.fromkeys(columns.values(), pl.String))
            numbers = pl.Series("_line", range(begin + 1, begin + frame.height + 1), pl.Int64)
            yield Batch(read.with_columns(numbers), [], partial(_raw, begin, frame), (begin + frame.height) / rows)

    def records_at(lines: set[int]) -> dict[int, str]:
        found = {}
        for begin, frame in _frames(path):
            found |= {n: _raw(begin, frame, n) for n in lines if begin < n <= begin + frame.height}
        return found

    return TextRows(list(columns.values()), batches(), records_at)


def _frames(path: Path) -> Iterator[tuple[int, pl.DataFrame]]:
    """The rows, some at a time, each time with how many stand before them."""
    begin = 0
    try:
        table = pl.scan_parquet(path, glob=False)
        for begin in range(0, table.select(pl.len()).collect().item(), ROWS):
            yield begin, table.slice(begin, ROWS).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        where = f", row {begin + 1} or later," * (begin > 0)
        raise SourceError(f"{path.name}{where} is a damaged Parquet file ({str(error).splitlines()[0]}). "
                          f"Fetch it again.") from None  # fmt: skip


def _texts(frame: pl.DataFrame, columns: dict[str, str]) -> dict[str, pl.Series | list[str]]:
    """Of each column its texts, by the name that it has in the header."""
    texts = dict.fromkeys(columns.values(), [""] * frame.height)
    for column in frame:
        if column.dtype == pl.String:
            texts[columns[column.name]] = column.fill_null("")
        elif column.dtype.is_nested():
            every = [leaves(value, {}, column.name, depth=1) for value in column.to_list()]
            for name in {name for values in every for name in values}:
                texts[columns[name]] = [as_text(values.get(name)) for values in every]
        else:
            texts[columns[column.name]] = [as_text(value) for value in column.to_list()]
    return texts


def _raw(begin: int, frame: pl.DataFrame, number: int) -> str:
    return as_json(frame.row(number - begin - 1, named=True))
