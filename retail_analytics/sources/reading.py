"""Delimited files → batches of rows of text, with the line they stand on.

Every physical line ends up in a row, in the refused lines, or is blank. Readers of CSV can lose the lines
behind a stray quote without a word: here only lines that are proven to be one record each, with as many
fields as the header, go to the fast reader, and its rows are counted; all others are read one by one.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from retail_analytics.errors import SourceError
from retail_analytics.sources.opening import CR, LF, LOOKAHEAD, Block, blocks

DELIMITERS = (",", ";", "\t", "|")
LONGEST_FIELD = 10_000_000  # characters; Python's own limit refuses long notes
OUR_COLUMNS = ("_line", "_file", "_file_date")  # beside theirs, for the SQL of mappings
QUOTE, SPACE = ord('"'), ord(" ")


@dataclass(frozen=True)
class Batch:
    """Some lines of a file: one frame row per record, all columns text, and `_line`; refused lines beside it."""

    rows: pl.DataFrame
    refused: list[tuple[int, str]]  # line, reason
    raw: Callable[[int], str]  # the text, as it stands in the file, of the record that begins on a line
    share: float = 1.0  # of the file that has been read by now
    padded: bool = True  # False: no field begins or ends in a space


@dataclass(frozen=True)
class TextRows:
    """A file as text: its header, and its lines in batches, which can be gone through once."""

    header: list[str]
    batches: Iterator[Batch]
    records_at: Callable[[set[int]], dict[int, str]]  # the text of rows by the lines they begin on, read again


def read_text(
    path: Path, *, delimiter: str | None = None, encoding: str | None = None, member: str | None = None
) -> TextRows:
    """Read a delimited file, packed or not, as text. A delimiter that is not named is found in the header.

    Quoted fields may run over lines. A line whose quote never closes, whose fields are more or fewer than
    the header's, or that is the header again, is refused by itself; its neighbours are not touched. Blank
    lines are not rows. A column without a name is called by its place ("column 4").
    Raises SourceError if the file is missing, empty, not text, or its header cannot be read or repeats a name;
    what is wrong further down is raised while the batches are read.
    """
    csv.field_size_limit(LONGEST_FIELD)
    if delimiter is not None and (len(str(delimiter)) != 1 or str(delimiter) in '"\r\n'):
        raise SourceError(f"{path.name}: '{delimiter}' cannot separate fields. Name one character (reads: delimiter).")
    numbered = blocks(path, encoding=encoding, member=member)
    for block in numbered:
        at = next((i for i in range(block.own) if block.text(i).strip()), None)
        if at is not None:
            break
    else:
        raise SourceError(f"{path.name} is empty. Expected a header line and rows: export it again.")
    delimiter = str(delimiter or _delimiter(path, block, at))
    first, written = block.first + at, _fields(block.text(at), delimiter)
    if not written:
        raise SourceError(f"{path.name}, row {first}: a quote opens in the header and never closes. Close it.")
    header = header_of(path.name, first, written)

    def records_at(lines: set[int]) -> dict[int, str]:
        return _records_at(blocks(path, encoding=encoding, member=member), lines, delimiter)

    return TextRows(header, _batches(block, numbered, at + 1, delimiter, written, header), records_at)


def header_of(file: str, row: int, written: list[str]) -> list[str]:
    """The names of a file's columns as they are written; one without a name is called by its place ("column 4").

    Raises SourceError if a name stands twice or is one of ours.
    """
    header = [name.strip() or f"column {place}" for place, name in enumerate(written, 1)]
    # The engine does not tell Kind from kind: one of them would be read for both.
    folded = [name.lower() for name in header]
    repeated = [name for name in header if folded.count(name.lower()) > 1 or name.lower() in OUR_COLUMNS]
    if repeated:
        raise SourceError(f"{file}, row {row}: column '{repeated[-1]}' stands twice. Rename one of them.")
    return header


def gathered(batches: Iterator[Batch], size: float) -> Iterator[Batch]:
    """The same rows in batches of `size` bytes or a little more each."""
    some, gathered_size = [], 0
    for batch in batches:
        some.append(batch)
        gathered_size += batch.rows.estimated_size()
        if gathered_size >= size:
            yield _joined(some)
            some, gathered_size = [], 0
    if some:
        yield _joined(some)


def _joined(batches: list[Batch]) -> Batch:
    ends = [max([b.rows["_line"].max() or 0, *(line for line, _ in b.refused)]) for b in batches]

    def raw(line: int) -> str:
        return next(b for b, end in zip(batches, ends, strict=True) if line <= end).raw(line)

    return Batch(pl.concat([b.rows for b in batches]), [r for b in batches for r in b.refused], raw, batches[-1].share,
                 padded=any(b.padded for b in batches))  # fmt: skip


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

    def long(batch: Batch) -> Batch:
        rows = batch.rows.unpivot(wide, index=[*kept, "_line"], variable_name=name, value_name=value)
        return replace(batch, rows=rows.select(*kept, name, value, "_line"))

    return TextRows([*kept, name, value], map(long, text.batches), text.records_at)


def _delimiter(path: Path, block: Block, at: int) -> str:
    """What separates the fields of the header on line `at`; when it could be several, those of the next row too."""
    unquoted = re.sub(r'"[^"]*"', "", block.text(at))
    possible = [d for d in DELIMITERS if d in unquoted]
    if len(possible) > 1:
        row = next((block.text(i) for i in range(at + 1, block.own) if block.text(i).strip()), "")
        width = {d: len(_fields(block.text(at), d) or ()) for d in possible}
        possible = [d for d in possible if len(_fields(row, d) or ()) == width[d]]
        if len(possible) != 1:
            shown = " or ".join(f"'{d}' ({n} columns)" for d, n in width.items()).replace("\t", "tab")
            raise SourceError(
                f"{path.name}, row {block.first + at}: the header may be separated by {shown}. "
                f"Say which in the mapping (reads: delimiter)."
            )
    return possible[0] if possible else ","


def _records_at(every: Iterator[Block], lines: set[int], delimiter: str) -> dict[int, str]:
    """The raw text of the records that begin on `lines`, each of which was a row."""
    found: dict[int, str] = {}
    for block in every:
        for line in lines & set(range(block.first, block.first + block.own)):
            _, used = _record(block, line - block.first, delimiter)
            found[line] = block.text(line - block.first, used).rstrip()
    return found


def _batches(block: Block, following: Iterator[Block], begin: int, delimiter: str, written: list[str],
             header: list[str]) -> Iterator[Batch]:
    while block:
        batch, taken = _batch(block, begin, delimiter, written, header)
        yield batch
        block, begin = next(following, None), taken - block.own


def _batch(block: Block, begin: int, delimiter: str, written: list[str], header: list[str]) -> tuple[Batch, int]:
    """The lines of a block from its line `begin` on, and where the next line stands that they have not used."""
    one_each = _one_record_each(block, delimiter, len(written))
    one_each[:begin] = False
    refused, careful, lengths = [], [], {}
    taken = begin
    for at in np.flatnonzero(~one_each[begin : block.own]) + begin:
        if at < taken:
            continue
        line = block.first + int(at)
        fields, reason, used = _judged(block, int(at), delimiter, written)
        if reason:
            refused.append((line, reason))
        elif fields:
            careful.append([*fields, line])
            lengths[line] = used
        taken = int(at) + used
        one_each[at + 1 : taken] = False
    one_each[block.own :] = False
    rows = _fast(block, one_each, delimiter, header)
    again = pl.all_horizontal(pl.col(name) == theirs for name, theirs in zip(header, written, strict=True))
    headers = rows.filter(pl.col(header[0]) == written[0]).filter(again)["_line"].to_list()
    if headers:
        refused += [(line, "the header again") for line in headers]
        rows = rows.filter(~pl.col("_line").is_in(headers))
    if careful:
        read = pl.DataFrame(careful, schema=rows.schema, orient="row")
        rows = pl.concat([rows, read]).sort("_line") if rows.height else read

    def raw(line: int) -> str:
        return block.text(line - block.first, lengths.get(line, 1)).rstrip()

    return Batch(rows, sorted(refused), raw, block.share, _padded(block, delimiter, careful)), max(taken, block.own)


def _one_record_each(block: Block, delimiter: str, width: int) -> np.ndarray:
    """For each line whether it is proven to be one record of `width` fields, and regularly quoted.

    Regular: quotes come in pairs; the first of a pair opens a field, the second closes it, and two that touch
    inside a field stand for one. Then a line ends outside quotes, and nothing can reach over its end.
    """
    letters, ends = np.frombuffer(block.data, np.uint8), block.ends
    if width == 1 or ord(delimiter) > 127:  # a line of one field may be blank; letters of several bytes are rare
        return np.zeros(len(ends), bool)
    separators = np.flatnonzero(letters == ord(delimiter))
    fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    proven = letters[ends - 1] == LF
    if not proven[-1]:  # the file's last line may lack its end; one that ends in CR alone is read with care
        proven[-1] = letters[-1] != CR
    quotes = np.flatnonzero(letters == QUOTE)
    quotes = quotes[: np.searchsorted(quotes, ends[-1])]
    if len(quotes):
        line = np.searchsorted(ends, quotes, side="right")
        count = np.bincount(line, minlength=len(ends))
        place = np.arange(len(quotes)) - (np.cumsum(count) - count)[line]
        opens = place % 2 == 0
        before = np.where(quotes > 0, letters[quotes - 1], LF)
        after = np.where(quotes + 1 < len(letters), letters[np.minimum(quotes + 1, len(letters) - 1)], LF)
        edges = (ord(delimiter), LF, QUOTE)
        regular = np.where(opens, np.isin(before, edges), np.isin(after, (*edges, CR)))
        proven[line[~regular]] = False
        proven &= count % 2 == 0
        pairs = np.flatnonzero(opens[:-1] & ~opens[1:] & (line[:-1] == line[1:]))
        inside = np.searchsorted(separators, quotes[pairs + 1]) - np.searchsorted(separators, quotes[pairs])
        fields = fields - np.bincount(line[pairs], weights=inside, minlength=len(ends)).astype(np.int64)
    return proven & (fields == width)


def _padded(block: Block, delimiter: str, careful: list[list]) -> bool:
    """Whether a field may begin or end in a space: taking spaces off that are not there costs a fifth of a load.

    `careful` are the rows that were read by themselves, with their line behind the fields.
    """
    if not block.data.isascii() or any(field != field.strip() for row in careful for field in row[:-1]):
        return True
    letters = np.frombuffer(block.data, np.uint8)
    spaces = np.flatnonzero(letters == SPACE)
    separator, last = ord(delimiter), len(letters) - 1
    two_before, before, after, two_after = (letters[np.clip(spaces + step, 0, last)] for step in (-2, -1, 1, 2))
    # A quote is the field's own when a separator stands on its other side.
    begins = _ends_line(before) | ((before == QUOTE) & ((two_before == separator) | _ends_line(two_before)))
    stops = _ends_line(after) | ((after == QUOTE) & ((two_after == separator) | _ends_line(two_after)))
    at_an_end = block.data.startswith((b" ", b'" ')) or block.data.endswith((b" ", b' "'))
    if at_an_end or begins.any() or stops.any():
        return True
    beside = spaces[(before == separator) | (after == separator)]
    quotes = np.flatnonzero(letters == QUOTE)
    starts = np.append(0, block.ends)[np.searchsorted(block.ends, beside, side="right")]
    opened = np.searchsorted(quotes, beside) - np.searchsorted(quotes, starts)
    return bool((opened % 2 == 0).any())  # within quotes a separator is a letter


def _ends_line(letters: np.ndarray) -> np.ndarray:
    return (letters == LF) | (letters == CR)


def _fast(block: Block, chosen: np.ndarray, delimiter: str, header: list[str]) -> pl.DataFrame:
    """The chosen lines of a block as rows: each is one record."""
    schema = dict.fromkeys(header, pl.String) | {"_line": pl.Int64}
    lines = np.flatnonzero(chosen)
    if not len(lines):
        return pl.DataFrame(schema=schema)
    # Runs of chosen lines are joined; the others are cut out.
    breaks = np.flatnonzero(np.diff(lines) > 1)
    runs = zip(lines[np.append(0, breaks + 1)], lines[np.append(breaks, len(lines) - 1)], strict=True)
    starts = np.append(0, block.ends[:-1])
    data = b"".join(block.data[starts[a] : block.ends[z]] for a, z in runs)
    rows = pl.read_csv(
        data, has_header=False, schema=dict.fromkeys(header, pl.String), separator=delimiter,
        empty_string_is_null=False, extra_columns="raise", missing_columns="raise",
    )  # fmt: skip
    assert rows.height == len(lines), f"{len(lines)} lines proven to be rows, {rows.height} read"
    return rows.rechunk().with_columns(_line=block.first + lines)  # one chunk: joined batches stay as they are


def _judged(block: Block, at: int, delimiter: str, header: list[str]) -> tuple[list[str] | None, str | None, int]:
    """The fields of a row, or why it is refused, or neither for a blank line; and how many lines it takes."""
    text = block.text(at)
    if not text.strip() and delimiter not in text:
        return None, None, 1
    fields, used = _record(block, at, delimiter)
    if fields is None:
        return None, "a quote opens and never closes", 1
    if len(fields) != len(header):
        ahead = used - 1
        counted = f"{len(fields)} fields where the header has {len(header)}"
        stray = f"a quote opens and closes {ahead} row{'s' * (ahead > 1)} below: it is a stray one"
        return None, stray if ahead else counted, 1
    if fields == header:
        return None, "the header again", 1
    return fields, None, used


def _record(block: Block, at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The fields of the record that begins on line `at` of a block, and how many lines it takes."""
    text, used = block.text(at), 1
    fields = _fields(text, delimiter)
    while fields is None and used <= min(LOOKAHEAD, len(block.ends) - at - 1):
        text += block.text(at + used)
        used += 1
        fields = _fields(text, delimiter)
    return fields, used


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
