"""The funnel: is a group further from its peers than chance carries it?"""

from retail_analytics import words
from retail_analytics.charts import captions
from retail_analytics.charts import template as look
from retail_analytics.charts.twin import twin
from retail_analytics.exhibits import Exhibit
from retail_analytics.language import message, phrase
from retail_analytics.measure import Measured

LIMITS = message("; shaded: where 95 % of such groups would lie; lines: 99.8 %")
HEIGHT = {look.COLUMN: 340, look.PHONE: 300}  # px of the plot itself, by the width of the chart


def funnel(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """Each group's value over its expected count, with the limits that hold 95 and 99.8 % of such groups.

    Groups outside the 99.8 % limits are filled and named; the rest are open circles.
    """
    if absent := captions.absent(measured, says):
        return absent
    rows = list(measured.rows.iter_rows(named=True))
    columns = [
        "expected",
        "numerator",
        "denominator",
        "value",
        "low95",
        "high95",
        "low998",
        "high998",
        "outside",
    ]
    across = look.scale([0, *(row["expected"] for row in rows)], room=0.04, ticks=5)
    up = look.scale([0, *(row["value"] for row in rows)], ticks=5)
    return captions.exhibit(
        measured,
        "funnel",
        says=says,
        subtitle=subtitle or captions.subtitle(measured) + phrase(LIMITS),
        table=twin(measured, [*measured.by, *columns]),
        figure=look.figure(_traces(measured, rows), _layout(measured, rows, across, up, look.COLUMN)),
        narrow=_layout(measured, rows, across, up, look.PHONE),
        tier=message("T2 compared"),
    )


def _traces(measured: Measured, rows) -> list:
    expected = [row["expected"] for row in rows]
    limits = [
        look.scatter(
            x=expected,
            y=[row[limit] for row in rows],
            mode="lines",
            line={"color": look.GREY, "width": 1},
            hoverinfo="skip",
        )
        for limit in ("low998", "high998")
    ]
    shaded = look.area(
        expected, [row["low95"] for row in rows], [row["high95"] for row in rows], color=look.FAINT_BAND
    )
    inside = _dots(
        measured,
        [row for row in rows if not row["outside"]],
        {"size": 7, "color": look.CLEAR, "line": {"color": look.SECOND, "width": 1.25}},
    )
    outside = _dots(measured, [row for row in rows if row["outside"]], {"size": 9, "color": look.INK})
    return [shaded, *limits, inside, outside]


def _dots(measured: Measured, rows, marker) -> dict:
    return look.scatter(
        x=[row["expected"] for row in rows],
        y=[row["value"] for row in rows],
        mode="markers",
        marker=marker,
        cliponaxis=False,
        hovertext=[
            look.plain(
                f"{_name(measured, row)}: {captions.value(measured, row)} "
                + phrase("({n} recorded, {expected} expected)", **_counts(row))
            )
            for row in rows
        ],
        hoverinfo="text",
    )


def _counts(row) -> dict:
    return {"n": words.number(row["numerator"]), "expected": words.number(row["expected"])}


def _name(measured: Measured, row) -> str:
    return captions.named(row, measured.by)


def _layout(measured: Measured, rows, across, up, width: int) -> dict:
    wide = width == look.COLUMN
    height, tick_texts = HEIGHT[width], captions.ticks(measured, up[1])
    left, right, top, bottom = look.room_for(tick_texts), 14, 12, 52
    marks = across[1][:: 1 if wide else 2]
    below = {"xref": "paper", "yref": "paper", "xanchor": "right"}
    axis_text = phrase("Expected at the rate of all groups together") if wide else phrase("Expected at the rate of all")
    return {
        "height": top + height + bottom,
        "margin": look.margin(left, right, top, bottom),
        "xaxis": {"range": across[0], "tickvals": marks, "ticktext": [words.number(mark) for mark in marks]},
        "yaxis": {"range": up[0], "tickvals": up[1], "ticktext": tick_texts},
        "annotations": [
            look.label(axis_text, 1, 0, yanchor="top", yshift=-28, **below),
            *_names(measured, rows, across[0], up[0], width - left - right, height),
        ],
    }


def _names(measured: Measured, rows, across, up, width: float, height: float) -> list[dict]:
    """The names of the groups outside, each beside its dot; what would meet a dot or a name is in the table only."""
    places = [
        (
            (row["expected"] - across[0]) / (across[1] - across[0]) * width,
            (row["value"] - up[0]) / (up[1] - up[0]) * height,
        )
        for row in rows
    ]
    taken = [(x - 5, x + 5, y) for x, y in places]
    labels = []
    for row, (x, y) in zip(rows, places, strict=True):
        if not row["outside"]:
            continue
        name = look.fitted(_name(measured, row), 140)
        reach = len(name) * look.CHARACTER + 4
        beside = (("left", 8, x + 8, max(9 - y, 0)), ("right", -8, x - 8 - reach, max(9 - y, 0)))
        above = (("right", 5, x + 5 - reach, 15), ("left", -5, x - 5, 15))
        for anchor, shift, start, up_by in (*beside, *above):
            met = any(abs(y + up_by - b) < 12 and start < end and a < start + reach for a, end, b in taken)
            if start >= 0 and start + reach <= width and not met:
                taken.append((start, start + reach, y + up_by))
                place = {"xanchor": anchor, "xshift": shift, "yshift": up_by, "color": look.INK}
                labels.append(look.label(look.plain(name), row["expected"], row["value"], **place))
                break
    return labels
