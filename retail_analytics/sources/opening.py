"""A file of text, packed or not, in any encoding → blocks of UTF-8 bytes cut at line ends.

Blocks keep memory small whatever the size of the file; every line knows its number.
"""

import codecs
import gzip
import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from retail_analytics.errors import SourceError

BLOCK = 8 << 20  # bytes read at once: what is made of larger ones costs a fresh page each time
PIECE = 4 << 20  # bytes of text without lines that are decoded at once
LOOKAHEAD = 200  # lines; a quote still open after that is a stray one, not a long note
LONGEST_LINES = 256 << 20  # bytes that so many lines may have: more is no table
SMALL = 256 << 20  # bytes that any archive may unpack to
MOST_UNPACKED = 200  # times the size of the archive: tables pack to a tenth or a twentieth
BOM, UTF_16 = b"\xef\xbb\xbf", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
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


def blocks(path: Path, *, encoding: str | None = None, member: str | None = None) -> Iterator[Block]:
    """The lines of a file, block by block. They end in LF, CRLF or CR alone; a byte order mark is dropped.

    Plain, gzip, zstd, or `member` of a zip archive (not named: the only one). Without an encoding it is
    UTF-16 if the file begins with its mark, else UTF-8.
    Raises SourceError if the file is missing, damaged, a bomb, or not text of that encoding.
    """
    rest, first = b"", 1
    for read, share in _utf8(path, encoding, member):
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
        _only_text(path, data[: ends[-1]], ends, first)
        yield Block(first, data, ends, own, share)
        rest, first = data[ends[own - 1] :], first + own


def pieces(path: Path, *, encoding: str | None = None, member: str | None = None) -> Iterator[str]:
    """The text of a file that need not have lines, piece by piece.

    Packing, encodings and errors are those of `blocks`.
    """
    decoder, row = codecs.getincrementaldecoder("utf-8")(), 1
    for read, _ in _utf8(path, encoding, member):
        parts = [b""] if read is None else (read[at : at + PIECE] for at in range(0, len(read), PIECE))
        for part in parts:
            try:
                text = decoder.decode(part, final=read is None)
            except UnicodeDecodeError as error:
                row += error.object.count(b"\n", 0, error.start)
                wrong = f"byte 0x{error.object[error.start]:02x}"
                raise _not_text(f"{path.name}, row {row}", wrong, "utf-8", _reads_as(error.object)) from None
            row += text.count("\n")
            if text:
                yield text


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


def _only_text(path: Path, data: bytes, ends: np.ndarray, first: int) -> None:
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
        wrong = f"byte 0x{data[error.start]:02x}"
        raise _not_text(f"{path.name}, row {row}", wrong, "utf-8", _reads_as(data)) from None


def _reads_as(data: bytes) -> str:
    """What text that is not UTF-8 may be. It is said, never assumed: another encoding gives other letters."""
    if not data.decode(errors="ignore").isascii():
        return " Other letters of it are utf-8: it mixes encodings."
    letters = set(data.translate(None, bytes(range(0x80))))
    try:
        bytes(letters).decode("cp1252")
    except UnicodeDecodeError:
        return ""
    # The two differ in 0x80 to 0x9f, which are no letters in Latin-1.
    return " It reads as cp1252." if min(letters) < 0xA0 else " It reads as cp1252 or latin-1."


def _not_text(where: str, what: str, encoding: str, hint: str = "") -> SourceError:
    return SourceError(
        f"{where}: {what} is not {encoding} text.{hint} "
        f"Export it as UTF-8, or name its encoding in the mapping (reads: encoding)."
    )


def _utf8(path: Path, encoding: str | None, member: str | None) -> Iterator[tuple[bytes | None, float]]:
    """The file's text as UTF-8 bytes and the share of the file read; None after the last."""
    try:
        "".encode(encoding or "utf-8")
        codecs.getincrementaldecoder(encoding or "utf-8")
    except (LookupError, TypeError):
        raise SourceError(f"{path.name}: there is no encoding '{encoding}'. Name utf-8, utf-16, cp1252 …") from None
    decoder, row, unpacked, size = None, 1, 0, max(1, path.stat().st_size) if path.is_file() else 1
    with _opened(path, member) as (stream, raw, packed):
        while True:
            try:
                read = stream.read(BLOCK)
            except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
                if not packed:
                    raise error
                sentence = f"{path.name} is a damaged {packed} file: it ends after row {row - 1}. Fetch it again."
                raise SourceError(sentence) from None
            unpacked += len(read)
            if packed and unpacked > SMALL and unpacked > MOST_UNPACKED * size:
                raise SourceError(
                    f"{path.name} unpacks to more than {MOST_UNPACKED} times its size: that is no table. "
                    f"If it is one, unpack it and load the file itself."
                )
            if decoder is None:
                encoding = encoding or ("utf-16" if read[:2] in UTF_16 else "utf-8")
                if b"\0" in read[:4096] and not {"16", "32"} & set(codecs.lookup(encoding).name.split("-")):
                    raise SourceError(f"{path.name} is not text (it holds zero bytes). Export it as CSV, UTF-8.")
                plain = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
                decoder = codecs.getincrementaldecoder(encoding)()
                beginning = True
            try:
                text = bytes(read) if plain else decoder.decode(read, final=not read).encode()
            except UnicodeError as error:
                decoded = isinstance(error, UnicodeDecodeError)
                wrong = f"byte 0x{error.object[error.start]:02x}" if decoded else "the file"
                raise _not_text(f"{path.name}, row {row} or later", wrong, encoding) from None
            if text:
                row += text.count(b"\n")
                yield (text.removeprefix(BOM) if beginning else text), min(1.0, raw.tell() / size)
                beginning = False
            if not read:
                yield None, 1.0
                return


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[tuple[BinaryIO, BinaryIO, str | None]]:
    """The stream of a file's unpacked bytes, the file itself, and how it is packed."""
    if not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    with path.open("rb") as raw:
        start = raw.read(4)
        raw.seek(0)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(raw) as stream:
                yield stream, raw, "gzip"
        elif start == b"\x28\xb5\x2f\xfd":
            with pa.input_stream(raw, compression="zstd") as stream:
                yield stream, raw, "zstd"
        elif start in (b"PK\3\4", b"PK\5\6"):
            with _member(path, raw, member) as stream:
                yield stream, raw, "zip"
        else:
            yield raw, raw, None


def _member(path: Path, raw: BinaryIO, wanted: str | None) -> BinaryIO:
    """The one file in a zip archive, or the one that is wanted."""
    try:
        archive = zipfile.ZipFile(raw)
        members = [m for m in archive.infolist() if not m.is_dir()]
        found = [m for m in members if m.filename == wanted] if wanted else members
        if len(found) != 1:
            names = ", ".join(m.filename for m in members[:8]) or "nothing"
            looked = f"no '{wanted}'" if wanted else f"{len(members)} files"
            raise SourceError(f"{path.name} holds {looked}. Name one of them (reads: member): {names}.")
        inside = PurePosixPath(found[0].filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or stat.S_ISLNK(found[0].external_attr >> 16):
            raise SourceError(f"{path.name}: '{inside}' points out of the archive. Pack the file itself again.")
        return archive.open(found[0])
    except zipfile.BadZipFile:
        raise SourceError(f"{path.name} is a damaged zip file: it has no list of its files. Fetch it again.") from None
    except (RuntimeError, NotImplementedError) as error:  # a password, a way of packing that is not known
        raise SourceError(f"{path.name} cannot be unpacked ({error}). Pack it again as a plain zip.") from None
