"""What is best shown as a table: a heat map is one, and so is a watch list."""

from retail_analytics import words
from retail_analytics.charts import captions
from retail_analytics.charts.twin import twin
from retail_analytics.exhibits import Exhibit
from retail_analytics.language import message, phrase, weekday
from retail_analytics.measure import Measured

BREAKS = (0.75, 0.9, 1.1, 1.35, 1.65)  # times the average cell: between them the levels 1 to 6
KEY = message(
    "under 0.75 times the average; 0.75 to 0.9; about average; 1.1 to 1.35; 1.35 to 1.65; "
    "over 1.65 times the average"
)
CLOSED = {"text": "–", "level": 0}


def heatmap(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """Hours down, weekdays across; each cell with its value in times the average and one of six levels.

    Level 0 is a cell that is closed or not known. The parts of the key, between semicolons, are the
    levels 1 to 6.
    """
    if absent := captions.absent(measured, says):
        return absent
    rows = list(measured.rows.iter_rows(named=True))
    cells = {(row["hour"], row["weekday"]): _cell(measured, row) for row in rows}
    weekdays = range(1, 8)
    return captions.exhibit(
        measured,
        "heatmap",
        says=says,
        subtitle=subtitle or captions.subtitle(measured),
        table=twin(measured, ["weekday", "hour", "numerator", "denominator", "value", "low", "high"]),
        heat={
            "columns": [weekday(number, "abbreviated") for number in weekdays],
            "rows": [
                {"label": words.hour(at), "cells": [cells.get((at, weekday), CLOSED) for weekday in weekdays]}
                for at in dict.fromkeys(row["hour"] for row in rows)
            ],
            "key": phrase(KEY),
        },
        notes=[phrase("A dash: closed or not known.")] if CLOSED in cells.values() else [],
    )


def table(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """The columns of the measured rows as a table only, for watch lists and the like.

    Without any rows its one row says None: that nothing is on the list is a result too.
    """
    if absent := captions.absent(measured, says, drawn=None):
        return absent
    schema = measured.rows.schema
    columns = [name for name, kind in schema.items() if name != "metric" and not kind.is_nested()]
    if "period" in columns and measured.rows["period"].n_unique() == 1:
        columns.remove("period")  # the subtitle says it
    shown = twin(measured, columns)
    return captions.exhibit(
        measured,
        "table",
        says=says,
        subtitle=subtitle or captions.subtitle(measured),
        table=shown | {"rows": shown["rows"] or [[phrase("None"), *[""] * (len(columns) - 1)]]},
    )


def _cell(measured: Measured, row) -> dict:
    if row["value"] is None:
        return CLOSED
    return {
        "text": captions.value(measured, row),
        "level": 1 + sum(row["value"] >= limit for limit in BREAKS),
    }
