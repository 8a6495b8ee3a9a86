"""How every figure looks: one plotly template, and the few marks that all charts are made of.

Colours are names of the page's tokens, `var(--ink)`; the page resolves them for light, dark and paper.
Estimate: solid ink. Interval of 95 %: band. May still change: hatched. Tolerance: thin ink line, labelled.
"""

from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from textwrap import wrap

import plotly.graph_objects as go

from retail_analytics import tokens

INK, INK2, PAPER, CLEAR = "var(--ink)", "var(--ink2)", "var(--paper)", "rgba(0,0,0,0)"
SECOND, GREY, GRID = "var(--s2)", "var(--s3)", "var(--grid)"
BAND, FAINT_BAND, HATCH = "var(--band)", "var(--fan95)", "var(--hatch)"
WORSE = "var(--worse)"
HATCHING = {"shape": "/", "fgcolor": HATCH, "bgcolor": CLEAR, "size": 6, "solidity": 0.18}
BOLD = 600

COLUMN, PHONE = 688, 340  # px: the widths that labels are placed for, the page's column and a phone
CHARACTER = 7  # px: an average character of a label, many of them digits
NAME_CHARACTER = 6.4  # px: the same of a name

AXIS = {
    "fixedrange": True,  # else a thumb that lands on a chart cannot scroll the page
    "zeroline": False,
    "showgrid": False,
    "tickangle": 0,
    "ticklabeloverflow": "allow",  # else the labels at the edges vanish
    "tickfont": {"size": 12.5},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": tokens.SANS, "size": 13, "color": INK2},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": PAPER,
            "bordercolor": INK,
            "align": "left",
            "font": {"color": INK, "size": 13},
        },
        "xaxis": AXIS
        | {"showline": True, "linecolor": INK, "ticks": "outside", "ticklen": 4, "tickcolor": INK},
        "yaxis": AXIS | {"showgrid": True, "gridcolor": GRID, "ticks": ""},
        "annotationdefaults": {
            "showarrow": False,
            "align": "left",
            "xanchor": "left",
            "yanchor": "middle",
            "font": {"size": 12.5},
            "borderpad": 0,
        },
        "shapedefaults": {"line": {"color": INK, "width": 1}},
    },
).to_plotly_json()


def figure(traces, layout) -> dict:
    """A figure as plain JSON, as plotly writes it: a test lets plotly check every chart, so that no report waits."""
    return {"data": traces, "layout": _told(layout) | {"template": TEMPLATE}}


def _told(part):
    """A part of a layout without what it leaves open, as plotly would leave it out."""
    if isinstance(part, dict):
        return {name: _told(value) for name, value in part.items() if value not in (None, {}, [])}
    return [_told(item) for item in part] if isinstance(part, list) else part


def scatter(**marks) -> dict:
    """Points or a line."""
    return marks | {"type": "scatter"}


def bar(**marks) -> dict:
    """Bars of one kind."""
    return marks | {"type": "bar"}


def margin(left, right, top, bottom) -> dict:
    return {"l": left, "r": right, "t": top, "b": bottom, "pad": 0}


def plain(text) -> str:
    """Text as plotly draws it literally: plotly reads a subset of HTML in every text it is given."""
    return escape(str(text), quote=False)


def broken(text, width) -> str:
    """Plain text over several lines of at most `width` characters."""
    return "<br>".join(plain(line) for line in wrap(str(text), width))


def room_for(texts) -> float:
    """The width in px of the longest of some short texts, with a little space."""
    return max(map(len, texts), default=0) * CHARACTER + 12


def fitted(text, width: float) -> str:
    """Text cut to a width in px; what is cut off stands in the table."""
    most = max(int(width / CHARACTER), 2)
    return text if len(text) <= most else text[: most - 1] + "…"


def stacked(text, width: float) -> str:
    """Plain text on at most two lines of a width in px; what is cut off stands in the table."""
    first, *rest = wrap(str(text), max(int(width / NAME_CHARACTER), 2))
    return "<br>".join(plain(line) for line in [first, *([fitted(" ".join(rest), width)] if rest else [])])


def levels(boxes) -> list[int]:
    """For each box, in px from left to right, a line above all those before it that it meets.

    Not the lowest free line: the thin line from a label above to its mark would cross the label there.
    """
    taken: list[tuple[int, float, float]] = []
    for left, right in boxes:
        met = [level for level, start, end in taken if left < end and start < right]
        taken.append((max(met, default=-1) + 1, left, right))
    return [level for level, _, _ in taken]


def apart(heights, least: float) -> list[float]:
    """Where labels go whose marks stand at `heights` (px), so that any two are `least` px apart."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    moved = list(heights)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + least)
    return moved


def label(text, x, y, *, color=None, size=None, bold=False, **place) -> dict:
    """Text beside a mark; `text` comes from `plain` or `broken`.

    Bold is a weight of the font: `<b>` would make plotly write a style attribute, which the page's
    policy refuses.
    """
    font = {"color": color, "size": size, "weight": BOLD if bold else None}
    return {"text": text, "x": x, "y": y, "font": {k: v for k, v in font.items() if v}} | place


def rule(x0, x1, y0, y1, *, color=INK, **place) -> dict:
    """A thin straight line."""
    return {
        "type": "line",
        "x0": x0,
        "x1": x1,
        "y0": y0,
        "y1": y1,
        "line": {"color": color, "width": 1},
    } | place


def area(x, low, high, *, color=BAND, **place) -> dict:
    """The interval around a line, as a closed shape: two lines filled between would cross the gaps."""
    xs, ys = [*x, *reversed(x)], [*high, *reversed(low)]
    return _shape(xs, ys, fillcolor=color, **place)


def hatched(x0, x1, y0, y1, **place) -> dict:
    """A hatched column: what lies in it may still change."""
    return _shape([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], fillcolor=CLEAR, fillpattern=HATCHING, **place)


def _shape(x, y, **kind) -> dict:
    return scatter(x=x, y=y, mode="lines", line={"width": 0}, fill="toself", hoverinfo="skip", **kind)


def scale(values, *, room=0.06, ticks=4) -> tuple[list[float], list[float]]:
    """Range of an axis that holds the values, and its few round ticks.

    It starts at 0, unless the values lie so close together that they would look level from there.
    """
    known = [value for value in values if value is not None] or [0, 1]
    lowest, highest = min(known), max(known)
    if lowest >= 0 and highest - lowest > FLAT * highest:
        lowest = 0
    highest = max(highest, 0)
    span = (highest - lowest) or highest or 1
    step = _round_step(span / ticks)
    first = floor(lowest / step + 1e-9)
    top = highest + room * span
    marks = [round(number * step, 10) for number in range(first, ceil(top / step) + 1)]
    return [marks[0], top], [mark for mark in marks if mark <= top]


FLAT = 0.3
FEWER = 0.9  # a step this much smaller than asked for is nearer than the next one above


def _round_step(rough) -> float:
    power = 10 ** floor(log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * FEWER)
