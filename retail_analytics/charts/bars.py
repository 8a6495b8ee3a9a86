"""A whole split into its parts, as bars that each add up to all of it."""

from dataclasses import dataclass

from retail_analytics import exhibits, words
from retail_analytics.charts import captions
from retail_analytics.charts import template as look
from retail_analytics.charts.twin import twin
from retail_analytics.errors import WorkbenchError
from retail_analytics.exhibits import Exhibit
from retail_analytics.language import message, phrase
from retail_analytics.measure import Measured

RAMPS = {  # number of known parts: their greys, darkest first, as far apart as they can be
    1: ("h6",),
    2: ("h6", "h3"),
    3: ("h6", "h4", "h2"),
    4: ("h6", "h5", "h3", "h2"),
    5: ("h6", "h5", "h4", "h3", "h2"),
    6: ("h6", "h5", "h4", "h3", "h2", "h1"),
}
ON_DARK = {"h6", "h5"}  # greys that text is written on in the colour of paper
# What a part's name begins with if nobody knows.
UNKNOWN = (message("unknown"), message("not known"), message("not assessed"))
BAR, STEP = 34, 46  # px: the height of a bar, and from one to the next
NAMES = {look.COLUMN: 170, look.PHONE: 122}  # px for the names of several bars, by the width of the chart


@dataclass(frozen=True)
class Part:
    """One part of one bar."""

    bar: int
    band: str
    start: float
    share: float
    text: str  # '61 %'
    count: str  # '5,912 of 9,806'

    @property
    def end(self) -> float:
        return self.start + self.share


def split(measured: Measured, *, says=None, subtitle=None) -> Exhibit:
    """One horizontal bar for each period or group, its parts in the order of the rows, each one labelled.

    A part that nobody knows (its name begins with "unknown") is hatched. A part without a value is not
    drawn; it is in the table. With one part only there is nothing to split.

    Raises WorkbenchError for more than six known parts.
    """
    if absent := captions.absent(measured, says):
        return absent
    bands = [words.named("band", band) for band in measured.rows["band"].unique(maintain_order=True)]
    parted = measured.rows.filter(measured.rows["value"] > 0)["band"].unique()
    if len(parted) == 1:
        why = phrase("Nothing to split: there is nothing but {band}.", band=words.named("band", parted[0]))
        return exhibits.not_recorded(says if isinstance(says, str) else measured.metric.label, why)
    known = [band for band in bands if not _is_unknown(band)]
    if len(known) > max(RAMPS):
        raise WorkbenchError(
            f"split draws at most {max(RAMPS)} parts beside the unknown one and this has {len(known)}: "
            "put the smallest together in the table that is measured, or show all with charts.table."
        )
    fills = dict(zip(known, RAMPS.get(len(known), ()), strict=False))
    bars, parts = _bars(measured)
    by = [column for column in measured.by if column != "band"]
    columns = ["period", *by, "band", "value", "low", "high", "numerator", "denominator"]
    return captions.exhibit(
        measured,
        "split",
        says=says,
        subtitle=subtitle or captions.subtitle(measured),
        table=twin(measured, columns),
        figure=look.figure(_traces(parts, fills, bars), _layout(bars, parts, fills, look.COLUMN)),
        narrow=_layout(bars, parts, fills, look.PHONE),
    )


def _is_unknown(band: str) -> bool:
    return band.lower().startswith(tuple(map(phrase, UNKNOWN)))


def _bars(measured: Measured) -> tuple[list[str], list[Part]]:
    """The names of the bars, and the parts of them all, from the left."""
    by = [column for column in measured.by if column != "band"]
    bars: list[str] = []
    parts: list[Part] = []
    for row in measured.rows.iter_rows(named=True):
        names = [captions.period(measured, row["period"])] if "period" in row else []
        name = ", ".join([*names, *(words.named(column, row[column]) for column in by)])
        if name not in bars:
            bars.append(name)
        if row["value"] is None:
            continue
        bar = bars.index(name)
        start = parts[-1].end if parts and parts[-1].bar == bar else 0
        count = words.n_of_n(row["numerator"], row["denominator"])
        band = words.named("band", row["band"])
        parts.append(Part(bar, band, start, row["value"], captions.value(measured, row), count))
    return bars, parts


def _traces(parts: list[Part], fills, bars) -> list[dict]:
    bands = dict.fromkeys(part.band for part in parts)
    return [_trace(band, [part for part in parts if part.band == band], fills, bars) for band in bands]


def _trace(band: str, parts: list[Part], fills, bars) -> dict:
    faint = fills.get(band) == "h1"  # as light as the page: only an edge shows where it ends
    edge = {"color": look.GREY, "width": 1} if faint else {"color": look.PAPER, "width": 1.5}
    fill = {"color": f"var(--{fills[band]})", "line": edge} if band in fills else HATCHED
    return look.bar(
        orientation="h",
        x=[part.share for part in parts],
        base=[part.start for part in parts],
        y=[part.bar for part in parts],
        width=BAR / STEP,
        marker=fill,
        hovertext=[
            look.plain(", ".join(filter(None, [bars[part.bar], f"{band}: {part.text} ({part.count})"])))
            for part in parts
        ],
        hoverinfo="text",
    )


HATCHED = {
    "color": look.CLEAR,
    "pattern": look.HATCHING,
    "line": {"color": look.HATCH, "width": 1},
}


def _layout(bars: list[str], parts: list[Part], fills, width: int) -> dict:
    single = len(bars) == 1
    left = 0 if single else min(look.room_for(bars) + 4, NAMES[width])
    right, bottom = 2, 8
    inner = width - left - right
    labels, rules, top = _above(parts, inner, single)
    annotations = labels if single else [*labels, *_bar_names(bars, left), *_inside(parts, fills, inner)]
    return {
        "height": top + STEP * len(bars) + bottom,
        "margin": look.margin(left, right, top, bottom),
        "barmode": "overlay",
        "xaxis": {"range": [0, 1], "visible": False},
        "yaxis": {"range": [len(bars) - 0.5, -0.5], "visible": False},
        "annotations": annotations,
        "shapes": rules,
    }


def _above(parts: list[Part], width: float, single: bool) -> tuple[list[dict], list[dict], int]:
    """The name of each part above the first bar, with share and number where it is the only one.

    Where names would meet they stand over each other, each with a thin line down to its part. Also the
    room they take.
    """
    seen = {part.band for part in parts if part.share}
    first = [part for part in parts if part.bar == parts[0].bar and part.band in seen]
    lines = {
        part.band: [part.band, f"{part.text}, {part.count}"] if single else [part.band] for part in first
    }
    reach = {part.band: max(map(len, lines[part.band])) * look.CHARACTER + 10 for part in first}
    at_left = [part for part in first if part.start * width + reach[part.band] <= width]
    at_right = [part for part in first if part not in at_left]
    # From the right, so that the line of a higher label passes on the left of the lower ones.
    order = [*reversed(at_left), *at_right]
    boxes = [_box(part, reach[part.band], width, part in at_left) for part in order]
    step = 16 * (2 if single else 1) + 6
    labels, rules = [], []
    for part, level in zip(order, look.levels(boxes), strict=True):
        is_left = part in at_left
        x, up = (part.start if is_left else part.end), 6 + level * step
        shift = 1 if is_left else -1
        name, *counts = [look.plain(line) for line in lines[part.band]]
        place = {"yref": "paper", "yanchor": "bottom", "xanchor": "left" if is_left else "right"}
        place |= {"xshift": (0 if level == 0 and is_left else 4) * shift}
        labels.append(
            look.label(name, x, 1, yshift=up + 16 * len(counts), bold=True, color=look.INK, **place)
        )
        labels += [look.label(count, x, 1, yshift=up, **place) for count in counts]
        if level:
            pixels = {"xsizemode": "pixel", "xanchor": x, "yref": "paper", "ysizemode": "pixel", "yanchor": 1}
            rules.append(look.rule(shift, shift, -6, up + step - 8, color=look.SECOND, **pixels))
    highest = max((note["yshift"] for note in labels), default=0)
    return labels, rules, highest + 24


def _box(part: Part, reach: float, width: float, is_left: bool) -> tuple[float, float]:
    start = part.start * width if is_left else part.end * width - reach
    return start, start + reach


def _bar_names(bars: list[str], left: float) -> list[dict]:
    return [
        look.label(
            look.plain(look.fitted(name, left - 4)),
            0,
            place,
            xref="paper",
            xshift=-left,
            color=look.INK,
            size=13,
        )
        for place, name in enumerate(bars)
    ]


def _inside(parts: list[Part], fills, width: float) -> list[dict]:
    """Each share on its part where there is room for it."""
    return [
        look.label(
            part.text,
            part.start + part.share / 2,
            part.bar,
            xanchor="center",
            color=look.PAPER if fills.get(part.band) in ON_DARK else look.INK,
            bgcolor=None if part.band in fills else look.PAPER,
        )
        for part in parts
        if part.share * width > look.room_for([part.text]) - 6
    ]
