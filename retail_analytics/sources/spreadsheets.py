"""A sheet of an Excel workbook → rows of text, with the row they stand on."""

from pathlib import Path

import fastexcel
import polars as pl

from retail_analytics.errors import SourceError, did_you_mean
from retail_analytics.sources.reading import Batch, TextRows, header_of

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_sheet(path: Path, *, sheet: str | None = None, header_row: int = 1, totals_row: bool = False) -> TextRows:
    """Read a sheet (not named: the only one) as text: numbers without a trailing .0, days like 2026-10-30.

    `header_row` is the row of the column names, as Excel counts; `totals_row` refuses the last row, which adds
    up the others. Blank rows are not rows. The raw text of a row is its cells, separated by tabs.
    Raises SourceError if the workbook cannot be read, the sheet is not there or a column stands twice.
    """
    if type(header_row) is not int or header_row < 1 or type(totals_row) is not bool:
        raise SourceError(f"{path.name}: header_row must be a row number like 3, totals_row true or false (reads).")
    if not path.is_file():
        raise SourceError(f"There is no file {path}. Check the name and the folder.")
    try:
        workbook = fastexcel.read_excel(path)
        sheets = workbook.sheet_names
        if sheet is None and len(sheets) > 1:
            raise SourceError(f"{path.name} has {len(sheets)} sheets. Name one (reads: sheet): {', '.join(sheets)}.")
        if sheet is not None and sheet not in sheets:
            raise SourceError(f"{path.name} has no sheet '{sheet}'.{did_you_mean(sheet, sheets)}")
        # Row numbers stay those that Excel shows: nothing is skipped before the rows are counted.
        cells = workbook.load_sheet(sheet or 0, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise SourceError(f"{path.name} is not a workbook that can be read ({str(error).splitlines()[0]}). "
                          f"Save it again as .xlsx.") from None  # fmt: skip
    if cells.height < header_row:
        raise SourceError(f"{path.name}, row {header_row}: there is no header; the sheet has {cells.height} rows.")
    header = header_of(path.name, header_row, [name or "" for name in cells.row(header_row - 1)])
    cells = cells.with_columns(pl.all().fill_null("").str.replace(" 00:00:00$", ""))
    cells.columns = header
    rows = cells.with_row_index("_line", 1).with_columns(pl.col("_line").cast(pl.Int64))[header_row:]
    rows = rows.filter(pl.any_horizontal(pl.col(header) != "")).select(*header, "_line")
    refused = [(line, "the totals of the other rows") for line in rows["_line"][-1:]] if totals_row else []
    kept = rows[: rows.height - len(refused)]

    def records_at(lines: set[int]) -> dict[int, str]:
        found = rows.filter(pl.col("_line").is_in(list(lines)))
        return {row[-1]: "\t".join(row[:-1]).rstrip() for row in found.rows()}

    batch = Batch(kept, refused, lambda line: records_at({line})[line])
    return TextRows(header, iter([batch]), records_at)
