"""A stock, and what came and went: the stock as a line above, the movements as bars around zero below."""

from retail_analytics import words
from retail_analytics.charts import captions, panels
from retail_analytics.charts import template as look
from retail_analytics.charts.twin import twin
from retail_analytics.exhibits import Exhibit
from retail_analytics.language import message, phrase
from retail_analytics.measure import Measured
from retail_analytics.words.parts import inside

UPPER, BETWEEN, LOWER = 110, 64, 170  # px: the two panels and what lies between them
MOVES = {
    "arrived": {"name": message("Arrived"), "marker": {"color": look.INK}},
    "newly_visible": {
        "name": message("Newly visible"),
        "marker": {
            "color": look.CLEAR,
            "pattern": look.HATCHING | {"solidity": 0.3},
            "line": {"color": look.HATCH, "width": 1},
        },
    },
    "left": {"name": message("Left"), "marker": {"color": look.GREY}},
}


def stock_flow(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """The closing stock over time and, in a panel below, what arrived, what became visible and what left.

    What became visible was there before: it is hatched, and no growth.
    """
    if absent := captions.absent(measured, says, drawn="closing"):
        return absent
    rows = list(measured.rows.iter_rows(named=True))
    return captions.exhibit(
        measured,
        "stock_flow",
        says=says,
        subtitle=subtitle or captions.subtitle(measured),
        table=twin(measured, ["period", "opening", *MOVES, "closing"]),
        figure=look.figure(_traces(measured, rows), _layout(measured, rows, look.COLUMN)) if rows else None,
        narrow=_layout(measured, rows, look.PHONE) if rows else None,
    )


def _traces(measured: Measured, rows) -> list:
    days = [row["period"].isoformat() for row in rows]
    stock = look.scatter(
        x=days,
        y=[row["closing"] for row in rows],
        mode="lines",
        line={"color": look.INK, "width": 2.25},
        hovertext=[_heard(measured, row, "closing", phrase("at the end")) for row in rows],
        hoverinfo="text",
    )
    bars = [
        look.bar(
            x=days,
            y=[_height(row, column) for row in rows],
            base=[row["arrived"] if column == "newly_visible" else 0 for row in rows],
            marker=move["marker"],
            hovertext=[_heard(measured, row, column, inside(phrase(move["name"]))) for row in rows],
            hoverinfo="text",
            xaxis="x2",
            yaxis="y2",
        )
        for column, move in MOVES.items()
    ]
    return [stock, *bars]


def _height(row, column: str) -> float | None:
    return -row[column] if column == "left" and row[column] is not None else row[column]


def _heard(measured: Measured, row, column: str, what: str) -> str:
    return look.plain(f"{captions.period(measured, row['period'])}: {words.number(row[column])} {what}")


def _layout(measured: Measured, rows, width: int) -> dict:
    known = [row for row in rows if row["closing"] is not None]
    upper = look.scale([row["closing"] for row in rows], ticks=3)
    tops = [row["arrived"] + row["newly_visible"] for row in known]
    lower = look.scale([0, *tops, *(-(row["left"] or 0) for row in known)], ticks=4)
    tick_texts = [[words.number(abs(mark)) for mark in marks] for _, marks in (upper, lower)]
    left, right = look.room_for([text for texts in tick_texts for text in texts]), 96
    inner = UPPER + BETWEEN + LOWER
    time = panels.time(
        rows[0]["period"], rows[-1]["period"], measured.every, 8 if width == look.COLUMN else 3
    )
    return {
        "height": 26 + inner + 40,
        "margin": look.margin(left, right, 26, 40),
        "barmode": "overlay",
        "bargap": 0.3,
        "xaxis": time | {"anchor": "y", "showticklabels": False},
        "xaxis2": time | {"anchor": "y2", "showline": False, "ticks": ""},
        "yaxis": _axis(upper, tick_texts[0], [(LOWER + BETWEEN) / inner, 1]),
        "yaxis2": _axis(lower, tick_texts[1], [0, LOWER / inner]) | {"anchor": "x2"},
        "annotations": [*_heads(measured), *_ends(known, lower[0])],
        "shapes": [look.rule(0, 1, 0, 0, xref="x2 domain", yref="y2")],
    }


def _axis(scale, texts, domain) -> dict:
    span, ticks = scale
    return {"range": span, "tickvals": ticks, "ticktext": texts, "domain": domain}


def _heads(measured: Measured) -> list[dict]:
    style = {"yanchor": "bottom", "yshift": 6, "bold": True, "color": look.INK, "size": 13}
    every = phrase(measured.every)
    upper = look.plain(phrase("{label} at the end of the {every}", label=measured.metric.label, every=every))
    lower = phrase("Came and went in the {every}", every=every)
    return [
        look.label(upper, 0, 1, xref="x domain", yref="y domain", **style),
        look.label(lower, 0, 1, xref="x2 domain", yref="y2 domain", **style),
    ]


def _ends(known, span) -> list[dict]:
    """The newest stock, and the names of the movements beside the newest bars."""
    if not known:
        return []
    row = known[-1]
    middle = [row["arrived"] / 2, row["arrived"] + row["newly_visible"] / 2, -(row["left"] or 0) / 2]
    per_pixel = (span[1] - span[0]) / LOWER
    shown = look.apart([at / per_pixel for at in middle], 16)
    place = {"xref": "paper", "xshift": 8}
    stock = {"yref": "y", "bold": True, "size": 14, "color": look.INK}
    return [
        look.label(words.number(row["closing"]), 1, row["closing"], **stock, **place),
        *(
            look.label(phrase(move["name"]), 1, at * per_pixel, yref="y2", **place)
            for (column, move), at in zip(MOVES.items(), shown, strict=True)
            if row[column] is not None
        ),
    ]
