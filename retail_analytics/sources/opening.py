"""A file of text, packed or not, in any encoding → blocks of UTF-8 bytes cut at line ends.

Blocks keep memory small whatever the size of the file; every line knows its number.
"""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from retail_analytics.errors import SourceError

BLOCK = 16 << 20  # bytes read at once
LOOKAHEAD = 200  # lines; a quote still open after that is a stray one, not a long note
LONGEST_LINES = 256 << 20  # bytes that so many lines may have: more is no table
BOM = b"\xef\xbb\xbf"
LF, CR = 10, 13


@dataclass(frozen=True)
class Block:
    """Whole lines of a file as UTF-8 bytes: `own` of them belong to this block, the rest begin the next one.

    Line i of the block is line `first + i` of the file; it ends before byte `ends[i]`, its line end included.
    """

    first: int
    data: bytes
    ends: np.ndarray
    own: int
    share: float  # of the file that has been read by now

    def text(self, line: int, lines: int = 1) -> str:
        """The text of `lines` lines from the block's line `line` on."""
        begin = self.ends[line - 1] if line else 0
        return self.data[begin : self.ends[line + lines - 1]].decode()


def blocks(path: Path, *, encoding: str = "utf-8") -> Iterator[Block]:
    """The lines of a file, block by block. They end in LF, CRLF or CR alone; a byte order mark is dropped.

    Raises SourceError if the file is missing, damaged or not text of that encoding.
    """
    rest, first = b"", 1
    for read, share in _utf8(path, encoding):
        data = rest + read if read is not None else rest
        ends = _ends(data, last=read is None)
        own = len(ends) if read is None else len(ends) - LOOKAHEAD
        if own <= 0:
            if len(data) > LONGEST_LINES:
                raise SourceError(
                    f"{path.name}, row {first} and the next: {LOOKAHEAD} lines of more than "
                    f"{LONGEST_LINES >> 20} MB are no table. Export it again with one row per line."
                )
            rest = data
            continue
        _only_text(path, data[: ends[-1]], ends, first, encoding)
        yield Block(first, data, ends, own, share)
        rest, first = data[ends[own - 1] :], first + own


def fingerprint(path: Path) -> str:
    """SHA-256 of the file's bytes: the same content is the same file, whatever it is called."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ends(data: bytes, *, last: bool) -> np.ndarray:
    """Where each line ends. Without `last` the text goes on: an unfinished line is not counted."""
    letters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(letters == LF) + 1
    if b"\r" in data:
        returns = np.flatnonzero(letters == CR) + 1
        known = returns[returns < len(data)]
        ends = np.union1d(ends, known[letters[known] != LF])
        if last and len(known) < len(returns):
            ends = np.append(ends, len(data))
    if last and len(data) > (ends[-1] if len(ends) else 0):
        ends = np.append(ends, len(data))
    return ends


def _only_text(path: Path, data: bytes, ends: np.ndarray, first: int, encoding: str) -> None:
    zero = data.find(b"\0")
    if zero >= 0:
        row = first + int(np.searchsorted(ends, zero, side="right"))
        raise SourceError(f"{path.name}, row {row}: a zero byte. Export it as CSV, UTF-8.")
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        row = first + int(np.searchsorted(ends, error.start, side="right"))
        raise _not_text(f"{path.name}, row {row}", f"byte 0x{data[error.start]:02x}", encoding) from None


def _not_text(where: str, what: str, encoding: str) -> SourceError:
    return SourceError(
        f"{where}: {what} is not {encoding} text. "
        f"Export it as UTF-8, or name its encoding in the mapping (reads: encoding)."
    )


def _utf8(path: Path, encoding: str) -> Iterator[tuple[bytes | None, float]]:
    """The file's text as UTF-8 bytes and the share of the file read; None after the last."""
    try:
        "".encode(encoding)
        decoder = codecs.getincrementaldecoder(encoding)()
    except (LookupError, TypeError):
        raise SourceError(f"{path.name}: there is no encoding '{encoding}'. Name utf-8, utf-16, cp1252 …") from None
    plain = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    row, beginning = 1, True
    with _opened(path, encoding) as (stream, raw):
        size = max(1, path.stat().st_size)
        while True:
            try:
                read = stream.read(BLOCK)
            except (gzip.BadGzipFile, EOFError, zlib.error):
                raise SourceError(
                    f"{path.name} is a damaged gzip file: it ends after row {row - 1}. Fetch it again."
                ) from None
            try:
                text = read if plain else decoder.decode(read, final=not read).encode()
            except UnicodeError as error:
                decoded = isinstance(error, UnicodeDecodeError)
                wrong = f"byte 0x{error.object[error.start]:02x}" if decoded else "the file"
                raise _not_text(f"{path.name}, row {row} or later", wrong, encoding) from None
            if not read:
                if text:
                    yield text, 1.0
                yield None, 1.0
                return
            row += text.count(b"\n")
            yield (text.removeprefix(BOM) if beginning else text), min(1.0, raw.tell() / size)
            beginning = False


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The stream of a file's unpacked bytes, and the file itself."""
    if not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    with path.open("rb") as raw:
        start = raw.read(4096)
        raw.seek(0)
        zipped = start[:2] == b"\x1f\x8b"
        if not zipped and b"\0" in start and "16" not in encoding:
            raise SourceError(f"{path.name} is not text (it holds zero bytes). Export it as CSV, UTF-8.")
        if zipped:
            with gzip.open(raw) as stream:
                yield stream, raw
        else:
            yield raw, raw
