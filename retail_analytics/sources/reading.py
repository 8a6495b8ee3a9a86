"""Files of any kind → rows of text, with the line they stand on.

Every physical line ends up in a row, in the refused lines, or is blank: DuckDB's own reader can lose
the lines behind a stray quote without a word, so lines are counted here, one by one.
"""

import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from retail_analytics.errors import SourceError

LONGEST_RECORD = 200  # lines; a quote still open after that is a stray one, not a long note
LONGEST_FIELD = 10_000_000  # characters; Python's own limit refuses long notes
ROWS_AT_ONCE = 50_000  # rows held as Python lists before they become columns
OUR_COLUMNS = ("_line", "_file", "_file_date")  # beside theirs, for the SQL of mappings


@dataclass(frozen=True)
class TextRows:
    """A file as text: one frame row per record, all columns text, and `_line`; refused lines beside it."""

    header: list[str]
    rows: pl.DataFrame
    refused: list[tuple[int, str]]  # line, reason


def read_text(path: Path, *, delimiter: str = ",", encoding: str = "utf-8") -> TextRows:
    """Read a delimited file, plain or gzipped, as text.

    Quoted fields may run over lines. A line whose quote never closes, whose fields are more or fewer than
    the header's, or that is the header again, is refused by itself; its neighbours are not touched. Blank
    lines are not rows. A column without a name is called by its place ("column 4").
    Raises SourceError if the file is missing, empty, not text, or its header cannot be read or repeats a name.
    """
    csv.field_size_limit(LONGEST_FIELD)
    if len(str(delimiter)) != 1 or str(delimiter) in '"\r\n':
        raise SourceError(f"{path.name}: '{delimiter}' cannot separate fields. Name one character (reads: delimiter).")
    delimiter = str(delimiter)
    numbered = enumerate(_lines(path, encoding), 1)
    first, text = next(((line, text) for line, text in numbered if text.strip()), (0, ""))
    if not first:
        raise SourceError(f"{path.name} is empty. Expected a header line and rows: export it again.")
    written = _fields(text, delimiter)
    if not written:
        raise SourceError(f"{path.name}, row {first}: a quote opens in the header and never closes. Close it.")
    header = [name.strip() or f"column {place}" for place, name in enumerate(written, 1)]
    # The engine does not tell Kind from kind: one of them would be read for both.
    folded = [name.lower() for name in header]
    repeated = [name for name in header if folded.count(name.lower()) > 1 or name.lower() in OUR_COLUMNS]
    if repeated:
        raise SourceError(f"{path.name}, row {first}: column '{repeated[-1]}' stands twice. Rename one of them.")

    frames, refused, batch = [], [], []
    for line, fields, reason in _records(numbered, delimiter, written):
        if reason:
            refused.append((line, reason))
            continue
        batch.append([*fields, line])
        if len(batch) == ROWS_AT_ONCE:
            frames.append(_frame(batch, header))
            batch = []
    frames.append(_frame(batch, header))
    return TextRows(header, pl.concat(frames), refused)


def unpivoted(text: TextRows, *, columns: str, name: str, value: str) -> TextRows:
    """The same file with one row per cell of the columns whose header matches `columns` (a pattern).

    A wide table (one column per month) becomes long: `name` holds the header, `value` the cell; every
    row keeps the line it came from. Raises SourceError if no header matches.
    """
    try:
        wide = [c for c in text.header if re.fullmatch(columns, c)]
    except re.error as error:
        raise SourceError(f"'{columns}' is not a pattern of column names (unpivot): {error}.") from None
    if not wide:
        raise SourceError(f"No column matches '{columns}'. Columns found: {', '.join(text.header[:12])} …")
    kept = [c for c in text.header if c not in wide]
    taken = {c.lower() for c in kept} & {name.lower(), value.lower()}
    if taken:
        raise SourceError(f"The file has a column '{min(taken)}' of its own. Choose another name (unpivot).")
    rows = text.rows.unpivot(wide, index=[*kept, "_line"], variable_name=name, value_name=value)
    return TextRows([*kept, name, value], rows.select(*kept, name, value, "_line"), text.refused)


def records_at(path: Path, lines: set[int], starts: set[int], encoding: str = "utf-8") -> dict[int, str]:
    """The raw text of the records that begin on `lines`, each up to where the next of all `starts` begins."""
    found: dict[int, str] = {}
    record = 0
    for number, text in enumerate(_lines(path, encoding) if lines else (), 1):
        record = number if number in starts else record
        if record in lines:
            found[record] = found.get(record, "") + text
    return {line: text.rstrip() for line, text in found.items()}


def fingerprint(path: Path) -> str:
    """SHA-256 of the file's bytes: the same content is the same file, whatever it is called."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(path: Path, encoding: str) -> Iterator[str]:
    if not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    with path.open("rb") as raw:
        start = raw.read(4096)
    zipped = start[:2] == b"\x1f\x8b"
    try:
        "".encode(encoding)
    except (LookupError, TypeError):
        raise SourceError(f"{path.name}: there is no encoding '{encoding}'. Name utf-8, utf-16, cp1252 …") from None
    if not zipped and b"\0" in start and "16" not in encoding:
        raise SourceError(f"{path.name} is not text (it holds zero bytes). Export it as CSV, UTF-8.")
    number = 0
    try:
        # newline="": lines end in LF, CRLF or CR alone, and keep what they end in.
        with (gzip.open if zipped else open)(path, "rt", encoding=encoding, newline="") as file:
            for number, text in enumerate(file, 1):
                if "\0" in text:
                    raise SourceError(f"{path.name}, row {number}: a zero byte. Export it as CSV, UTF-8.")
                yield text.removeprefix("\ufeff") if number == 1 else text
    except UnicodeError as error:
        wrong = f"byte 0x{error.object[error.start]:02x}" if isinstance(error, UnicodeDecodeError) else "the file"
        raise SourceError(
            f"{path.name}, row {number + 1} or a little after: {wrong} is not {encoding} text. "
            f"Export it as UTF-8, or name its encoding in the mapping (reads: encoding)."
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise SourceError(f"{path.name} is a damaged gzip file: it ends after row {number}. Fetch it again.") from None


def _records(numbered: Iterator[tuple[int, str]], delimiter: str, header: list[str]):
    """(line, fields, None) or (line, None, reason) for every line that is not blank."""
    width = len(header)
    waiting: list[tuple[int, str]] = []  # lines read ahead while looking for a closing quote
    while True:
        line, text = waiting.pop(0) if waiting else next(numbered, (0, ""))
        if not line:
            return
        if not text.strip() and delimiter not in text:
            continue
        fields = _fields(text, delimiter)
        ahead = 0
        while fields is None and ahead < LONGEST_RECORD:
            if ahead == len(waiting):
                following = next(numbered, None)
                if following is None:
                    break
                waiting.append(following)
            ahead += 1
            fields = _fields(text + "".join(t for _, t in waiting[:ahead]), delimiter)
        if fields is None:
            yield line, None, "a quote opens and never closes"
        elif len(fields) != width:
            counted = f"{len(fields)} fields where the header has {width}"
            stray = f"a quote opens and closes {ahead} row{'s' * (ahead > 1)} below: it is a stray one"
            yield line, None, stray if ahead else counted
        elif fields == header:
            yield line, None, "the header again"
        else:
            del waiting[:ahead]
            yield line, fields, None


def _fields(text: str, delimiter: str) -> list[str] | None:
    """The fields of one record; None while a quote is still open; [] when it is none."""
    text = text.rstrip("\r\n")
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        # Text behind a closing quote is sloppy within a line, and read as other programs do. Across lines
        # it is the sign of a stray quote that met the next one: nothing may be swallowed by it.
        sloppy = "expected after" in str(error) and not {"\n", "\r"} & set(text)
        return next(csv.reader([text], delimiter=delimiter)) if sloppy else []


def _frame(batch: list[list], header: list[str]) -> pl.DataFrame:
    schema = dict.fromkeys(header, pl.String) | {"_line": pl.Int64}
    return pl.DataFrame(batch, schema=schema, orient="row")
