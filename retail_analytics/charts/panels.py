"""Where the parts of a trend stand: one wide panel or many small ones, in the page's column or on a phone."""

from dataclasses import dataclass
from datetime import date, timedelta

from retail_analytics import words
from retail_analytics.charts import captions
from retail_analytics.charts import template as look
from retail_analytics.language import phrase, written
from retail_analytics.measure import Measured

HALF = {
    "month": timedelta(days=15),
    "week": timedelta(days=4),
}  # a point stands for its period, half to each side
LINE = 16  # px: a line of a label
COLUMNS = {
    2: 2,
    3: 3,
    4: 2,
    5: 3,
    6: 3,
    7: 4,
    8: 4,
}  # panels: how many beside each other in the page's column
MONTHS_BETWEEN_TICKS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class Panel:
    """One line over time, point by point."""

    name: str | None  # None: the only line of its chart
    periods: list[date]
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    settled: int  # so many of the first points can no longer change
    written: list[str]  # each value in words
    heard: list[str]  # what a reader hears at each point

    def newest(self) -> int | None:
        """Where the newest settled value stands."""
        known = [i for i in range(self.settled) if self.value[i] is not None]
        return known[-1] if known else None


def layout(panels: list[Panel], measured: Measured, axis, width: int) -> dict:
    """The plotly layout for a chart about `width` px wide; `axis` is the range and ticks of the values."""
    if panels[0].name is None:
        return _single(panels[0], measured, axis, width)
    return _multiples(panels, measured, axis, width)


def time(first: date, last: date, every: str, most_ticks: int) -> dict:
    """A time axis with few ticks, at the first of a month; the year is written where it changes."""
    step = next(step for step in MONTHS_BETWEEN_TICKS if (last - first).days / 30 / step <= most_ticks)
    return {
        "type": "date",
        "range": [(first - HALF[every]).isoformat(), (last + HALF[every]).isoformat()],
        "dtick": f"M{step}",
        "tick0": "2000-01-01",
        "tickformat": "%b\n%Y",
    }


def late_span(panel: Panel, measured: Measured) -> tuple[str, str]:
    """From where to where the points of a panel may still change."""
    half = HALF[measured.every]
    return (panel.periods[panel.settled] - half).isoformat(), (panel.periods[-1] + half).isoformat()


def is_outside(panel: Panel, measured: Measured) -> bool:
    """Whether the newest settled value is judged worse than tolerated; groups are not judged one by one."""
    can_be_judged = measured.tolerance and panel.name is None and panel.newest() is not None
    return bool(can_be_judged) and words.judged(measured).status == "worse"


def _single(panel: Panel, measured: Measured, axis, width: int) -> dict:
    span, ticks = axis
    wide = width == look.COLUMN
    height = 250 if wide else 200
    tick_texts = captions.ticks(measured, ticks)
    newest = panel.newest()
    end = "" if newest is None else panel.written[newest]
    settled = newest is None or panel.settled == len(panel.periods)
    since = [] if settled else [written(panel.periods[newest], "%b", "MMM")] * bool(end)
    left, right = look.room_for(tick_texts), look.room_for([end, *since]) + 10
    events = _events(panel, measured, width - left - right, full=wide)
    top = 12 + LINE * max((event["lines"] for event in events), default=0)
    bottom, in_one_line = (40, {}) if wide else (26, {"tickformat": "%b %Y"})
    annotations = [event["label"] for event in events if event["label"]]
    if end:
        color = look.WORSE if is_outside(panel, measured) else look.INK
        place = {"xref": "paper", "xshift": 9, "bold": True, "size": 14, "color": color}
        annotations.append(look.label(look.plain(end), 1, panel.value[newest], **place))
        # Beyond provisional points the value is that of an earlier month: the label says of which.
        below = place | {"bold": False, "size": 12.5, "color": look.INK2, "yshift": -LINE}
        annotations += [look.label(text, 1, panel.value[newest], **below) for text in since]
    annotations += _tolerance_label(panel, measured, span, height) + _late_label(panel, measured, span)
    return {
        "height": top + height + bottom,
        "margin": look.margin(left, right, top, bottom),
        "xaxis": time(panel.periods[0], panel.periods[-1], measured.every, 8 if wide else 4) | in_one_line,
        "yaxis": {"range": span, "tickvals": ticks, "ticktext": tick_texts},
        "annotations": annotations,
        "shapes": [rule for event in events for rule in event["rules"]]
        + _tolerance_rule(measured, "x domain", "y"),
    }


def _multiples(panels: list[Panel], measured: Measured, axis, width: int) -> dict:
    span, ticks = axis
    wide = width == look.COLUMN
    across = COLUMNS.get(len(panels), 1) if wide else min(2, (len(panels) + 1) // 2)
    down = -(-len(panels) // across)
    in_two = any(_stacked(panel, width / across - 3 * LINE) for panel in panels)
    tick_texts = captions.ticks(measured, ticks)
    head = 26 + LINE * in_two
    left, right, top, bottom = look.room_for(tick_texts), 10, head, 40
    height, between = (150 if across < 3 else 120) if wide else (150 if across == 1 else 100), head + 44
    inner = down * height + (down - 1) * between
    gap = (22 if wide else 18) / (width - left - right)
    panel_width = (1 - gap * (across - 1)) / across
    placed = {"annotations": [], "shapes": []}
    for place, panel in enumerate(panels):
        row, column = divmod(place, across)
        number = str(place + 1) if place else ""
        start, ceiling = column * (panel_width + gap), inner - row * (height + between)
        placed[f"xaxis{number}"] = time(panel.periods[0], panel.periods[-1], measured.every, 3) | {
            "domain": [start, start + panel_width],
            "anchor": f"y{number}",
        }
        placed[f"yaxis{number}"] = {
            "domain": [max(ceiling - height, 0) / inner, ceiling / inner],
            "anchor": f"x{number}",
            "range": span,
            "tickvals": ticks,
            "ticktext": tick_texts,
            "showticklabels": column == 0,
        }
        x, y = f"x{number} domain", f"y{number} domain"
        placed["annotations"] += _head(panel, measured, x, y, panel_width * (width - left - right))
        placed["shapes"] += _tolerance_rule(measured, x, f"y{number}")
        placed["shapes"] += [
            look.rule(day, day, 0, 1, color=look.SECOND, xref=f"x{number}", yref=y)
            for day, _ in dated(panel, measured)
        ]
    placed["annotations"] += _tolerance_label(panels[0], measured, span, height)
    return placed | {"height": top + inner + bottom, "margin": look.margin(left, right, top, bottom)}


def _head(panel: Panel, measured: Measured, x: str, y: str, width: float) -> list[dict]:
    """The name of a small panel and, at its right end, the newest settled value."""
    newest = panel.newest()
    end = "" if newest is None else panel.written[newest]
    place = {
        "xref": x,
        "yref": y,
        "yanchor": "bottom",
        "yshift": 5,
        "bold": True,
        "color": look.INK,
        "size": 13,
    }
    return [
        look.label(look.stacked(panel.name, width - look.room_for([end])), 0, 1, **place),
        look.label(look.plain(end), 1, 1, **place | {"xanchor": "right"}),
    ]


def _stacked(panel: Panel, width: float) -> bool:
    """Whether the name of a small panel takes two lines."""
    newest = panel.newest()
    end = "" if newest is None else panel.written[newest]
    return "<br>" in look.stacked(panel.name, width - look.room_for([end]))


def _tolerance_rule(measured: Measured, x: str, y: str) -> list[dict]:
    if not measured.tolerance:
        return []
    limit = measured.tolerance["limit"]
    return [look.rule(0, 1, limit, limit, xref=x, yref=y)]


def _tolerance_label(panel: Panel, measured: Measured, span, height: int) -> list[dict]:
    """The limit in words at its line, where the line of values leaves room; else over it, on paper."""
    if not measured.tolerance:
        return []
    limit, count = measured.tolerance["limit"], len(panel.periods)
    zone = (LINE + 4) / height * (span[1] - span[0])
    third = count // 3
    thirds = {
        "left": range(third + 1),
        "center": range(third, count - third),
        "right": range(count - third - 1, count),
    }
    free = [
        (end, side)
        for end, part in thirds.items()
        for side, low, high in (("above", limit, limit + zone), ("below", limit - zone, limit))
        if not any(low < edge < high for edge in _edges(panel, part))
    ]
    end, side = free[0] if free else ("left", "above")
    place = {"yanchor": "bottom", "yshift": 2} if side == "above" else {"yanchor": "top", "yshift": -3}
    place |= {"xanchor": end, "xshift": {"left": 5, "center": 0, "right": -5}[end]}
    place["bgcolor"] = look.PAPER  # the line of a dated note ends at the label
    text = look.plain(phrase("Tolerance {limit}", limit=words.limit(limit, measured.metric)))
    return [look.label(text, {"left": 0, "center": 0.5, "right": 1}[end], limit, xref="x domain", **place)]


def _late_label(panel: Panel, measured: Measured, span) -> list[dict]:
    """The word beside the hatched column, where the line leaves more room."""
    count = len(panel.periods)
    if panel.settled == count:
        return []
    near = _edges(panel, range(max(panel.settled - count // 3 - 1, 0), count)) or span
    below = min(near) - span[0] >= span[1] - max(near)
    start, _ = late_span(panel, measured)
    return [
        look.label(
            phrase("Provisional"),
            start,
            0 if below else 1,
            yref="y domain",
            xshift=-5,
            xanchor="right",
            yanchor="bottom" if below else "top",
            yshift=5 if below else -5,
            bgcolor=look.PAPER,
        )
    ]


def _edges(panel: Panel, positions) -> list[float]:
    numbers = [series[i] for series in (panel.value, panel.low, panel.high) for i in positions]
    return [number for number in numbers if number is not None]


def dated(panel: Panel, measured: Measured) -> list[tuple[str, dict]]:
    """Where the annotations of a panel stand: half a period back, as points stand at the first day.

    An annotation that began before the picture, or is about another group, has no line here; its sentence
    is in the notes all the same.
    """
    half = HALF[measured.every]
    first, last = panel.periods[0] - half, panel.periods[-1] + half
    return [
        ((annotation["from_on"] - half).isoformat(), annotation)
        for annotation in measured.annotations
        if first < annotation["from_on"] - half <= last
    ]


def _events(panel: Panel, measured: Measured, width: float, *, full: bool) -> list[dict]:
    """Annotations as dated lines with labels above the plot, none over another.

    With room for it a label says what happened, else only the day; the notes say the rest. On a phone more
    than two lines of days would leave no room for the plot: then there are only the lines.
    """
    notes = dated(panel, measured)
    half = HALF[measured.every]
    start, end = panel.periods[0] - half, panel.periods[-1] + half
    at = [(date.fromisoformat(day) - start) / (end - start) * width for day, _ in notes]
    texts = [look.broken(captions.annotation(annotation), 24) for _, annotation in notes]
    boxes = [_to_the_right(x, text, width) for x, text in zip(at, texts, strict=True)]
    if not full or any(look.levels(boxes)) or any(text.count("<br>") > 2 for text in texts):
        texts = [look.plain(words.day(annotation["from_on"])) for _, annotation in notes]
        boxes = [_to_the_left(x, text) for x, text in zip(at, texts, strict=True)]
    if not full and max(look.levels(boxes), default=0) > 1:
        return [{"label": None, "rules": [_dated_rule(day)], "lines": 0} for day, _ in notes]
    events = []
    for (day, _), text, x, box, level in zip(notes, texts, at, boxes, look.levels(boxes), strict=True):
        lines = level + text.count("<br>") + 1
        side = {"xanchor": "left", "xshift": 5} if box[0] == x else {"xanchor": "right", "xshift": -5}
        place = side | {
            "align": side["xanchor"],
            "yref": "paper",
            "yanchor": "bottom",
            "yshift": 2 + level * LINE,
        }
        above = {"yref": "paper", "ysizemode": "pixel", "yanchor": 1}
        events.append(
            {
                "label": look.label(text, day, 1, **place),
                "rules": [
                    _dated_rule(day),
                    look.rule(day, day, 0, lines * LINE, color=look.SECOND, **above),
                ],
                "lines": lines,
            }
        )
    return events


def _dated_rule(day: str) -> dict:
    return look.rule(day, day, 0, 1, color=look.SECOND, yref="y domain")


def _to_the_right(x: float, text: str, width: float) -> tuple[float, float]:
    """From where to where a label reaches: to the right of its line where there is room, else to the left."""
    return (x, x + _reach(text)) if x + _reach(text) <= width else (x - _reach(text), x)


def _to_the_left(x: float, text: str) -> tuple[float, float]:
    """The same to the left first, so that the line of an earlier day ends below the label of a later one."""
    return (x - _reach(text), x) if x >= _reach(text) else (x, x + _reach(text))


def _reach(text: str) -> float:
    return max(len(line) for line in text.split("<br>")) * look.CHARACTER + 10
