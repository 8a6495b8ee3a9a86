"""A file of any kind as rows of text, read by what its name says it is."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path

from retail_analytics.sources import documents, spreadsheets
from retail_analytics.sources.checking import only_known
from retail_analytics.sources.reading import TextRows, read_text


def read_file(path: Path, reads: dict, *, said_in: str) -> TextRows:
    """The rows of a file. `reads` says how: the keys that its kind of file knows; `said_in` is where they stand.

    Raises SourceError for a key that its kind does not know, and for a file that cannot be read.
    """
    reader = _reader(path)
    only_known(f"{said_in} of {path.name}", reads, set(signature(reader).parameters) - {"path"})
    return reader(path, **reads)


def _reader(path: Path) -> Callable[..., TextRows]:
    """By its name (reports.json.gz is JSON); text with delimiters when the name says nothing."""
    endings = {suffix.lower() for suffix in path.suffixes[-2:]}
    if endings & set(documents.ENDINGS):
        return documents.read_documents
    return spreadsheets.read_sheet if path.suffix.lower() in spreadsheets.ENDINGS else read_text
