"""A file of any kind as rows of text, read by what its name says it is; the answer to a query as one more kind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory

from retail_analytics.sources import documents, opening, parquet, spreadsheets
from retail_analytics.sources.plan import SourceFile
from retail_analytics.sources.reading import TextRows, read_text
from retail_analytics.sources.written import only_known


def read_file(path, reads: dict, *, said_in: str) -> TextRows:
    """The rows of a file or an answer. `reads` says how, in the keys that its kind knows; `said_in`, where they stand.

    Raises SourceError for a key that its kind does not know, and for a file that cannot be read.
    """
    reader = _reader(path)
    only_known(f"{said_in} of {path.name}", reads, set(list(signature(reader).parameters)[1:]))
    return reader(path, **reads)


@contextmanager
def at_hand(file: SourceFile, folder: Path, said: Callable[[str], None]) -> Iterator[SourceFile]:
    """The file itself; in place of a query its answer, which stands in the folder for as long as it is used."""
    if isinstance(file.path, Path):
        yield file
        return
    from retail_analytics.sources.databases import answer_to  # its driver is slow to import

    said(f"{file.name}: asking the database")
    with TemporaryDirectory(dir=folder, suffix=".building") as place:
        yield replace(file, path=answer_to(file.path, Path(place), said=said))


def fingerprint(path) -> str:
    """The same for the same content, whatever the file is called: of its bytes, or of the rows of an answer."""
    return opening.fingerprint(path) if isinstance(path, Path) else path.fingerprint


def _reader(path) -> Callable[..., TextRows]:
    """By its name (reports.json.gz is JSON); text with delimiters when the name says nothing."""
    if not isinstance(path, Path):
        from retail_analytics.sources.databases import read_answer

        return read_answer
    endings = {suffix.lower() for suffix in path.suffixes[-2:]}
    if path.suffix.lower() in parquet.ENDINGS:
        return parquet.read_parquet
    if endings & set(documents.ENDINGS):
        return documents.read_documents
    return spreadsheets.read_sheet if path.suffix.lower() in spreadsheets.ENDINGS else read_text
