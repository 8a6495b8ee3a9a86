"""What a cell of a report shows: a value that holds words, figure, table, source and tier together.

The page and JupyterLab draw the same content, so they cannot disagree. Every text in it is plain
text, never markup; colours are names of the page's tokens, written `var(--ink)`.
"""

import math
import re
from dataclasses import dataclass
from datetime import date
from html import escape

from retail_analytics import tokens
from retail_analytics.language import phrase

MIMETYPE = "application/vnd.retail-risk+json"
EXACT = 2**53  # up to here a float holds every whole number


@dataclass(frozen=True)
class Exhibit:
    """One component of a page; `content["kind"]` says which: exhibit, headline, verdict, list, health,
    changed, about or not_recorded.
    """

    content: dict

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        bundle = {MIMETYPE: self.content, "text/html": _html(self.content), "text/plain": _name(self.content)}
        if self.content.get("figure"):
            bundle["application/vnd.plotly.v1+json"] = _lab_figure(self.content)
        return bundle


def headline(text: str, standfirst: str = "") -> Exhibit:
    """The one sentence on top of a report, and the paragraph under it."""
    return Exhibit({"kind": "headline", "text": text, "standfirst": standfirst})


def verdict_row(question: str, verdict, *, exhibit: Exhibit | None = None, meta: str = "") -> Exhibit:
    """One row of the executive ledger: what was asked, the verdict with its number, a chart beside it."""
    return Exhibit(
        {
            "kind": "verdict",
            "question": phrase(question),
            "status": verdict.status,
            "word": verdict.word,
            "number": verdict.number or "",
            "interval": verdict.interval or "",
            "claim": verdict.claim,
            "sentence": verdict.sentence,
            "meta": meta,
            "measured": {name: plain(cell) for name, cell in verdict.row.items() if is_single(cell)},
            "exhibit": exhibit.content if exhibit and exhibit.content["kind"] == "exhibit" else None,
        }
    )


def points(title: str, items, style: str = "points") -> Exhibit:
    """A list of sentences: what changed ("changed"), what the data cannot say ("limits"), or plain "points".

    An item is a sentence, or a pair of its bold lead and the sentence.
    """
    pairs = [("", item) if isinstance(item, str) else item for item in items]
    return Exhibit(
        {
            "kind": "list",
            "style": style,
            "title": phrase(title),
            "items": [{"lead": lead, "text": text} for lead, text in pairs],
        }
    )


def not_recorded(title: str, sentence: str) -> Exhibit:
    """In place of an exhibit that this warehouse has no data for, and why."""
    return Exhibit({"kind": "not_recorded", "title": title, "sentence": sentence})


def definition(metric) -> dict:
    """What a metric is, for readers and for programs."""
    told = {name: getattr(metric, name) for name in ("id", "name", "label", "unit", "definition", "better")}
    return told | {"formula": getattr(metric, "formula", "")}


def plain(cell):
    """A cell of a measured table as JSON has it: a day as 2026-10-01, a whole number without decimals, any other with
    nine digits.
    """
    if isinstance(cell, date):
        return cell.isoformat()
    if not isinstance(cell, float) or not math.isfinite(cell):
        return cell
    return int(cell) if cell.is_integer() and abs(cell) < EXACT else float(f"{cell:.9g}")


def is_single(cell) -> bool:
    """Whether a cell is one value, not a list of them."""
    return cell is None or isinstance(cell, str | float | int | date)


def _name(content: dict) -> str:
    """The sentence that stands for the component where nothing else can be shown."""
    by_kind = {"headline": "text", "verdict": "sentence"}
    return content.get(by_kind.get(content["kind"], "title"), content["kind"].capitalize())


def _lab_figure(content: dict) -> dict:
    """The figure for JupyterLab: the title inside, the tokens as the page's light colours."""
    layout = content["figure"]["layout"]
    margin = layout.get("margin", {})
    titled = layout | {
        "title": {
            "text": escape(content["title"], quote=False),
            "x": 0,
            "xanchor": "left",
            "font": {"size": 16},
        },
        "margin": margin | {"t": margin.get("t", 0) + 40},
        "height": content["height"] + 40,
        "paper_bgcolor": "var(--paper)",
    }
    config = {"displayModeBar": False, "responsive": True}
    return _coloured({"data": content["figure"]["data"], "layout": titled, "config": config})


def _coloured(part):
    if isinstance(part, str):
        return re.sub(r"^var\(--(\w+)\)$", lambda token: tokens.LIGHT[token[1]], part)
    if isinstance(part, list):
        return [_coloured(item) for item in part]
    if isinstance(part, dict):
        return {key: _coloured(item) for key, item in part.items()}
    return part


def _html(content: dict) -> str:
    """A plain rendering for JupyterLab; the page has its own."""
    match content["kind"]:
        case "headline":
            return f"<h2>{escape(content['text'])}</h2><p>{escape(content['standfirst'])}</p>"
        case "verdict":
            numbers = escape(f"{content['number']} ({content['interval']})" if content["interval"] else "")
            return (
                f"<p>{escape(content['question'])}: <strong>{escape(content['word'])}</strong> {numbers}<br>"
                f"{escape(content['sentence'])}<br><small>{escape(content['meta'])}</small></p>"
            )
        case "list":
            items = "".join(
                f"<li><strong>{escape(item['lead'])}</strong> {escape(item['text'])}</li>"
                for item in content["items"]
            )
            return f"<h3>{escape(content['title'])}</h3><ul>{items}</ul>"
        case "health":
            rows = [[cell["name"], cell["word"], cell["note"]] for cell in content["cells"]]
            heads = [phrase("Source"), phrase("State"), phrase("Note")]
            return f"<h3>{escape(content['title'])}</h3>{_html_table(heads, rows)}"
        case "about":
            return _html_table([phrase("Fact"), phrase("Value")], content["facts"])
        case "changed":
            visible = escape(content["visible"])
            return f"<h3>{escape(content['title'])}</h3><p>Told on the published page. {visible}</p>"
        case "not_recorded":
            return f"<h3>{escape(content['title'])}</h3><p>{escape(content['sentence'])}</p>"
    columns = [column["label"] for column in content["table"]["columns"]]
    return (
        f"<h3>{escape(content['title'])}</h3><p>{escape(content['subtitle'])}</p>"
        f"{_html_table(columns, content['table']['rows'])}<p><small>{escape(content['source'])}</small></p>"
    )


def _html_table(columns, rows) -> str:
    head = "".join(f"<th>{escape(str(label))}</th>" for label in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
