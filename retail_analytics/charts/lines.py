"""Lines over time: one line with its interval, or a small panel for each group."""

from datetime import date
from itertools import groupby

from retail_analytics import words
from retail_analytics.charts import captions, panels
from retail_analytics.charts import template as look
from retail_analytics.charts.panels import Panel
from retail_analytics.charts.twin import twin
from retail_analytics.errors import WorkbenchError
from retail_analytics.exhibits import Exhibit
from retail_analytics.language import phrase
from retail_analytics.measure import Measured

MOST_GROUPS = 8  # more panels are too small to read


def trend(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """A metric over time as a line, with its 95 % interval where the rows have low and high.

    A period without a value is a gap. What may still change is hatched, with open points. The
    tolerance is a labelled line, annotations are dated lines. With one breakdown of at most eight
    groups there is a panel for each, all on one scale.

    Raises WorkbenchError for more groups or more than one breakdown.
    """
    if absent := captions.absent(measured, says):
        return absent
    lines = _lines(measured)
    return captions.exhibit(
        measured,
        "trend",
        says=says,
        subtitle=subtitle or captions.subtitle(measured) + _unlabelled(lines, measured),
        table=twin(measured, ["period", *measured.by, "value", "low", "high", "numerator", "denominator"]),
        **(_drawn(lines, measured) if lines else {}),
    )


def _unlabelled(lines: list[Panel], measured: Measured) -> str:
    """What small panels have no room to say at its place."""
    some_late = any(panel.name and panel.settled < len(panel.periods) for panel in lines)
    dated = any(panel.name and panels.dated(panel, measured) for panel in lines)
    hatched = phrase("; hatched: provisional") if some_late else ""
    return hatched + (phrase("; upright lines: the days in the notes") if dated else "")


def _drawn(lines: list[Panel], measured: Measured) -> dict:
    axis = _axis(lines, measured)
    traces = [
        trace for place, panel in enumerate(lines, 1) for trace in _traces(panel, place, measured, axis)
    ]
    return {
        "figure": look.figure(traces, panels.layout(lines, measured, axis, look.COLUMN)),
        "narrow": panels.layout(lines, measured, axis, look.PHONE),
    }


def _lines(measured: Measured) -> list[Panel]:
    if len(measured.by) > 1:
        raise WorkbenchError(
            f"trend draws one breakdown, not {len(measured.by)} ({', '.join(measured.by)}): "
            "measure by one of them, or show all with charts.table."
        )
    if measured.rows.is_empty():
        return []
    rows = measured.rows.filter(measured.rows["period"] >= captions.shown_from(measured))
    if not measured.by:
        return [_panel(None, rows, measured)]
    (column,) = measured.by
    groups = measured.rows[column].unique(maintain_order=True).to_list()
    if len(groups) > MOST_GROUPS:
        raise WorkbenchError(
            f"trend draws at most {MOST_GROUPS} groups and {column} has {len(groups)}: measure by a coarser "
            "column, or compare the groups with charts.ranking or charts.funnel."
        )
    parts = rows.partition_by(column, maintain_order=True)
    return [_panel(words.named(column, group), part, measured) for group, part in zip(groups, parts, strict=True)]


def _panel(name, rows, measured: Measured) -> Panel:
    points = list(rows.iter_rows(named=True))
    may_change = [_may_change(measured, point["period"]) for point in points]
    return Panel(
        name=name,
        periods=[point["period"] for point in points],
        value=[point["value"] for point in points],
        low=[point.get("low") for point in points],
        high=[point.get("high") for point in points],
        settled=may_change.index(True) if True in may_change else len(points),
        written=[captions.value(measured, point) for point in points],
        heard=[
            (f"{name}, " if name else "")
            + f"{captions.period(measured, point['period'])}: {captions.estimate(measured, point)}"
            + (phrase(", provisional") if late else "")
            for point, late in zip(points, may_change, strict=True)
        ],
    )


def _may_change(measured: Measured, period: date) -> bool:
    return measured.provisional_from is not None and period >= measured.provisional_from


def _axis(lines: list[Panel], measured: Measured):
    drawn = [number for panel in lines for number in (*panel.value, *panel.low, *panel.high)]
    limit = [measured.tolerance["limit"]] if measured.tolerance else []
    return look.scale([*drawn, *limit], room=0.12)


def _traces(panel: Panel, place: int, measured: Measured, axis) -> list:
    on = {"xaxis": f"x{place}", "yaxis": f"y{place}"} if place > 1 else {}
    days = [period.isoformat() for period in panel.periods]
    texts = [look.plain(text) for text in panel.heard]
    count, settled = len(days), panel.settled
    traces = [_interval(panel, days, run, on) for run in _runs(panel.low)]
    if settled < count:
        traces.append(look.hatched(*panels.late_span(panel, measured), *axis[0], **on))
        late = range(max(settled - 1, 0), count)
        traces.append(
            look.scatter(
                x=[days[i] for i in late],
                y=[panel.value[i] for i in late],
                mode="lines",
                line={"color": look.INK, "width": 1.5, "dash": "2px,3px"},
                hoverinfo="skip",
                **on,
            )
        )
    traces.append(
        look.scatter(
            x=days,
            y=[*panel.value[:settled], *[None] * (count - settled)],
            mode="lines",
            line={"color": look.INK, "width": 2.25},
            hovertext=texts,
            hoverinfo="text",
            **on,
        )
    )
    marks = _marks(panel, measured)
    traces.append(
        look.scatter(
            x=[days[i] for i in marks],
            y=[panel.value[i] for i in marks],
            mode="markers",
            marker={
                "opacity": 1,  # else points of several sizes are drawn as bubbles, half transparent
                "symbol": [mark["symbol"] for mark in marks.values()],
                "size": [mark["size"] for mark in marks.values()],
                "color": [mark["color"] for mark in marks.values()],
                "line": {"color": [mark["edge"] for mark in marks.values()], "width": 1.5},
            },
            cliponaxis=False,
            hovertext=[texts[i] for i in marks],
            hoverinfo="text",
            **on,
        )
    )
    return traces


def _interval(panel: Panel, days, run, on) -> dict:
    if len(run) > 1:
        low, high = [panel.low[i] for i in run], [panel.high[i] for i in run]
        return look.area([days[i] for i in run], low, high, **on)
    (i,) = run
    return look.scatter(
        x=[days[i]] * 2,
        y=[panel.low[i], panel.high[i]],
        mode="lines",
        line={"color": look.BAND, "width": 6},
        hoverinfo="skip",
        **on,
    )


def _runs(values) -> list[list[int]]:
    """Positions of the known values, in stretches without a gap."""
    stretches = groupby(range(len(values)), key=lambda i: values[i] is not None)
    return [list(stretch) for known, stretch in stretches if known]


def _marks(panel: Panel, measured: Measured) -> dict[int, dict]:
    """The points that a line alone would not show: between two gaps, provisional, or above the tolerance."""
    alone = {"symbol": "circle", "size": 6, "color": look.INK, "edge": look.INK}
    marks = {run[0]: alone for run in _runs(panel.value[: panel.settled]) if len(run) == 1}
    for i in range(panel.settled, len(panel.value)):
        marks[i] = {"symbol": "circle", "size": 7, "color": look.PAPER, "edge": look.INK}
    if panels.is_outside(panel, measured):
        marks[panel.newest()] = {"symbol": "triangle-up", "size": 11, "color": look.WORSE, "edge": look.WORSE}
    return marks
