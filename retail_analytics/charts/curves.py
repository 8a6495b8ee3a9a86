"""How long things stay open: the share still open, by how long they have waited."""

from retail_analytics import words
from retail_analytics.charts import captions
from retail_analytics.charts import template as look
from retail_analytics.charts.twin import twin
from retail_analytics.errors import WorkbenchError
from retail_analytics.exhibits import Exhibit
from retail_analytics.language import phrase
from retail_analytics.measure import Measured
from retail_analytics.words.parts import after_time

STYLES = (
    {"color": look.INK, "width": 2.25},
    {"color": look.SECOND, "width": 2.25},
    {"color": look.INK, "width": 2, "dash": "6px,3px"},
    {"color": look.SECOND, "width": 2, "dash": "6px,3px"},
)
MOST_BANDS = 2  # more intervals over each other cannot be told apart; they are in the table
HEIGHT = {look.COLUMN: 260, look.PHONE: 220}  # px of the plot itself, by the width of the chart


def survival(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """A step line of the share still open for each group, named at its end; the 95 % interval as a band.

    A group with too few closed has no line; the notes say so.

    Raises WorkbenchError for more than four groups.
    """
    if absent := captions.absent(measured, says):
        return absent
    curves = _curves(measured)
    drawn = {name: rows for name, rows in curves.items() if rows}
    if len(drawn) > len(STYLES):
        raise WorkbenchError(
            f"survival draws at most {len(STYLES)} groups and this has {len(drawn)}: take fewer, or "
            "show their medians with charts.table."
        )
    return captions.exhibit(
        measured,
        "survival",
        says=says,
        subtitle=subtitle or captions.subtitle(measured) + (phrase(" in the table") if len(drawn) > MOST_BANDS else ""),
        table=twin(measured, [*measured.by, "waited", "value", "low", "high", "at_risk"]),
        figure=look.figure(_traces(measured, drawn), _layout(measured, drawn, look.COLUMN)),
        narrow=_layout(measured, drawn, look.PHONE),
    )


def _curves(measured: Measured) -> dict[str, list[dict]]:
    """Name of each group and the steps whose share is known, in the order of the rows."""
    curves: dict[str, list[dict]] = {}
    for row in measured.rows.iter_rows(named=True):
        steps = curves.setdefault(captions.named(row, measured.by), [])
        if row["value"] is not None:
            steps.append(row)
    return curves


def _traces(measured: Measured, curves) -> list:
    bands = [
        look.area(*_steps([row for row in rows if captions.between(measured, row)]), color=color)
        for rows, color in zip(curves.values(), (look.BAND, look.FAINT_BAND), strict=False)
        if len(curves) <= MOST_BANDS
    ]
    lines = [
        look.scatter(
            x=[row["waited"] for row in rows],
            y=[row["value"] for row in rows],
            mode="lines",
            line={"shape": "hv"} | style,
            hovertext=[look.plain(_heard(measured, name, row)) for row in rows],
            hoverinfo="text",
        )
        for (name, rows), style in zip(curves.items(), STYLES, strict=False)
    ]
    return [*reversed(bands), *lines]


def _steps(rows) -> tuple[list, list, list]:
    """Times, low and high with a corner at each step, so that the band follows the line."""
    corners = [(row["waited"], row) for row in rows[:1]]
    for before, row in zip(rows, rows[1:], strict=False):
        corners += [(row["waited"], before), (row["waited"], row)]
    return (
        [time for time, _ in corners],
        [row["low"] for _, row in corners],
        [row["high"] for _, row in corners],
    )


def _heard(measured: Measured, name: str, row) -> str:
    group = f"{name}, " if name else ""
    after, share = after_time(row["waited"], measured.every), captions.estimate(measured, row)
    return f"{group}{after}: {share} {measured.metric.is_open}"


def _layout(measured: Measured, curves, width: int) -> dict:
    wide = width == look.COLUMN
    height, marks = HEIGHT[width], [0, 0.25, 0.5, 0.75, 1]
    tick_texts = captions.ticks(measured, marks)
    span, times = look.scale([0, *(row["waited"] for rows in curves.values() for row in rows)], room=0, ticks=5)
    names = [look.fitted(name, 130 if wide else 84) for name in curves]
    left, right, top, bottom = look.room_for(tick_texts), look.room_for(names) + 8, 12, 52
    ends = [rows[-1] for rows in curves.values()]
    shown = look.apart([max(row["value"] * height, 9) for row in ends], 16)
    axis_text = look.plain(words.many(measured.every))
    place = {"xref": "x", "yref": "paper", "xshift": 7, "color": look.INK}
    return {
        "height": top + height + bottom,
        "margin": look.margin(left, right, top, bottom),
        "xaxis": {
            "range": span,
            "tickvals": times[:: 1 if wide else 2],
            "ticktext": [words.number(time) for time in times[:: 1 if wide else 2]],
        },
        "yaxis": {"range": [0, 1.02], "tickvals": marks, "ticktext": tick_texts},
        "annotations": [
            look.label(axis_text, 1, 0, xref="paper", yref="paper", xanchor="right", yanchor="top", yshift=-26),
            *(
                look.label(look.plain(name), row["waited"], at / height, **place)
                for name, row, at in zip(names, ends, shown, strict=True)
                if name
            ),
        ],
    }
