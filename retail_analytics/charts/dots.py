"""Dot and interval: groups, or the domains of the readiness scorecard, in the order in which they come."""

from retail_analytics import exhibits, words
from retail_analytics.charts import captions
from retail_analytics.charts import template as look
from retail_analytics.charts.twin import twin
from retail_analytics.errors import WorkbenchError
from retail_analytics.exhibits import Exhibit
from retail_analytics.language import message, phrase
from retail_analytics.measure import Measured

MOST_ROWS = 30  # more names fill more than a page
ROW = {look.COLUMN: 27, look.PHONE: 25}  # px
NAMES = {look.COLUMN: 230, look.PHONE: 170}  # px for the names, by the width of the chart


def ranking(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """One dot with its 95 % interval for each group, in the order of the rows.

    Where the rows have `established`, groups that differ from their peers are in ink and the others,
    which cannot be separated from average, in grey. With one group only there is nothing to compare.

    Raises WorkbenchError for more than thirty groups.
    """
    if absent := captions.absent(measured, says):
        return absent
    if measured.rows.height == 1:
        row = measured.rows.row(0, named=True)
        n = f", {words.n_of_n(row['numerator'], row['denominator'])}" if measured.metric.estimate == "share" else ""
        only = f"{captions.named(row, measured.by)} ({captions.value(measured, row)}{n})"
        title = says if isinstance(says, str) else measured.metric.label
        return exhibits.not_recorded(title, phrase("Nothing to compare: there is nothing but {group}.", group=only))
    if measured.rows.height > MOST_ROWS:
        raise WorkbenchError(
            f"ranking draws at most {MOST_ROWS} groups and this has {measured.rows.height}: measure by a "
            "coarser column, or show them all with charts.funnel."
        )
    rows = list(measured.rows.iter_rows(named=True))
    judged = "established" in measured.rows.columns
    names = [captions.named(row, measured.by) for row in rows]
    strong = [not judged or row["established"] is not None for row in rows]
    peers = [row["value"] / row["ratio"] for row in rows if row.get("ratio")][:1]
    numbers = [row.get(column) for row in rows for column in ("value", "low", "high")]
    axis = look.scale(numbers, ticks=6)
    columns = [*measured.by, "value", "low", "high", "raw", "ratio", "probability", "established"]
    return captions.exhibit(
        measured,
        "ranking",
        says=says,
        subtitle=subtitle
        or captions.subtitle(measured) + (phrase("; grey: cannot be separated from average") if judged else ""),
        table=twin(measured, [*columns, "numerator", "denominator"]),
        figure=look.figure(
            _traces(measured, rows, names, strong),
            _layout(measured, rows, names, strong, axis, look.COLUMN, peers=peers),
        ),
        narrow=_layout(measured, rows, names, strong, axis, look.PHONE, peers=peers),
        tier=message("T2 compared") if judged else message("T1 described"),
    )


def readiness(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """The domains of the scorecard from 0 to 100, each with its 95 % interval; the index in bold."""
    if absent := captions.absent(measured, says):
        return absent
    rows = list(measured.rows.iter_rows(named=True))
    names = [phrase(row["label"]) for row in rows]
    strong = [row["domain"] == "index" for row in rows]
    axis = [0, 100], [0, 25, 50, 75, 100]
    unmeasured = any(not row["indicators"] for row in rows)
    return captions.exhibit(
        measured,
        "ranking",
        says=says,
        subtitle=subtitle
        or captions.subtitle(measured) + (phrase("; grey: nothing is measured") if unmeasured else ""),
        table=twin(measured, ["label", "value", "low", "high", "indicators", "missing"]),
        figure=look.figure(
            _traces(measured, rows, names, [bool(row["indicators"]) for row in rows]),
            _layout(measured, rows, names, strong, axis, look.COLUMN),
        ),
        narrow=_layout(measured, rows, names, strong, axis, look.PHONE),
    )


def _traces(measured: Measured, rows, names, strong) -> list:
    colors = [look.INK if is_strong else look.GREY for is_strong in strong]
    intervals = [
        look.scatter(
            x=[row["low"], row["high"]],
            y=[place, place],
            mode="lines",
            line={"color": color, "width": 2.25},
            hoverinfo="skip",
        )
        for place, (row, color) in enumerate(zip(rows, colors, strict=True))
        if captions.between(measured, row)
    ]
    dots = look.scatter(
        x=[row["value"] if _is_known(row) else None for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"size": 11, "color": colors},
        cliponaxis=False,
        hovertext=[
            look.plain(
                f"{name}: " + (captions.estimate(measured, row) if _is_known(row) else phrase("nothing is measured"))
            )
            for name, row in zip(names, rows, strict=True)
        ],
        hoverinfo="text",
    )
    return [*intervals, dots]


def _is_known(row) -> bool:
    """A domain of the scorecard in which nothing is measured has every score: no dot for any of them."""
    return row["value"] is not None and bool(row.get("indicators", 1))


def _layout(measured: Measured, rows, names, strong, axis, width: int, peers=()) -> dict:
    span, ticks = axis
    wide = width == look.COLUMN
    ticks = ticks if wide else ticks[:: 2 if len(ticks) > 4 else 1]
    ends = [captions.value(measured, row) if _is_known(row) else phrase("none") for row in rows]
    limits = [captions.between(measured, row) if wide else "" for row in rows]
    left = min(look.room_for(names) + 12, NAMES[width])
    end, right = look.room_for(ends), look.room_for(ends) + look.room_for(limits) + 10
    top = 24 if peers else 8
    annotations = []
    for place, (name, text, limit, is_strong) in enumerate(zip(names, ends, limits, strong, strict=True)):
        color = look.INK if is_strong else look.INK2
        style = {"color": color, "size": 13}
        name = look.stacked(name, left - 12)
        annotations += [
            look.label(name, 0, place, xref="paper", xshift=-left, bold=is_strong, **style),
            look.label(
                text, 1, place, xref="paper", xanchor="right", xshift=end + 6, bold=text != phrase("none"), **style
            ),
            look.label(limit, 1, place, xref="paper", xshift=end + 16, **style),
        ]
    bottom, ceiling = len(rows) - 0.4, -0.6
    shapes = [look.rule(at, at, bottom, ceiling, layer="below") for at in peers]
    annotations += [
        look.label(
            phrase("All groups"), at, 1, yref="paper", yanchor="bottom", yshift=3, xanchor="center", color=look.INK
        )
        for at in peers
    ]
    return {
        "height": top + ROW[width] * len(rows) + 34,
        "margin": look.margin(left, right, top, 34),
        "xaxis": {
            "range": span,
            "tickvals": ticks,
            "ticktext": captions.ticks(measured, ticks),
            "showgrid": True,
            "gridcolor": look.GRID,
            "showline": False,
            "ticks": "",
        },
        "yaxis": {"range": [bottom, ceiling], "showticklabels": False, "showgrid": False},
        "annotations": [note for note in annotations if note["text"]],
        "shapes": shapes,
    }
