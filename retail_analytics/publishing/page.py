"""An executed notebook as one offline page, the check of that page, and the page of a run that failed.

A page shows the components of a notebook (outputs with our mimetype) and its markdown, nothing else.
Every text of a component is data: it is escaped, in the page and inside the figures.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from lxml import etree
from markupsafe import Markup

from retail_analytics import words
from retail_analytics.publishing.numbers import record_of
from retail_analytics.publishing.outline import components, exhibits, outline

FOLDER = Path(__file__).with_suffix("")
PLOTLY_MARK = "* plotly.js ("  # its licence comment, kept as its licence asks
LARGEST = 6_000_000  # bytes; mail servers refuse what is much larger
SHOWN_LOG_LINES = 30  # enough to see what failed and what came before it

TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # tracebacks of a kernel carry them
NUMBER_AND_SIGN = re.compile(r"(?<=\d) %")
ERROR_TEXT = re.compile(r"^Traceback \(most recent call last\)|^\w*(?:Error|Exception): ", re.MULTILINE)
ADDRESSES = ("src", "href", "xlink:href", "srcset", "action", "formaction", "poster", "data", "background")
TAG = re.compile(r"<[a-z]", re.IGNORECASE)
POLICY = "Content-Security-Policy"
TABLE_ROWS = etree.XPath("descendant::table[@class = 'data']/tbody/tr")
HEAT_CELLS = etree.XPath("descendant::table[@class = 'heat']/tbody/tr/td")
_text_of = etree.XPath("string()")
EXTERNAL_IN_CSS = re.compile(r"@import|url\(\s*['\"]?\s*(?:https?:|//)", re.IGNORECASE)
ENDS = {
    "refused": ("Refused", "The request or the data could not carry this report; nothing was run."),
    "failed": ("Not published", "A step of the report raised an error before any number was published."),
    "died": ("Died", "The process that ran the report was ended from outside, often for lack of memory."),
    "late": ("Late", "The report passed its deadline and was stopped."),
    "unsafe": ("Not published", "The page was built, but did not pass its checks."),
}


def html(notebook, *, about: dict) -> str:
    """The page of an executed notebook: one HTML text that asks nothing of any network.

    about: title, organisation, report, month, scope, as_known, shelf_link, snapshot, run, parameters;
    month as "2026-10" and days as "2026-11-14", or already in words; for the record also edition (the same month, scope
    and day for programs) and method (fingerprints, versions). The same notebook and about give the same bytes.
    """
    page = outline(notebook)
    page["facts"] = _facts(about, page["about"].get("facts", []))
    return render(
        "index.html.j2",
        script="report.js",
        plotly=bool(page["charts"]),
        page=page,
        about=about,
        edition=edition(about),
        record=record_of(page, about),
    )


def faults(html_text: str, notebook) -> list[str]:
    """What is wrong with a finished page, one sentence each; an empty list lets it be published.

    The page is parsed and compared with the notebook it was made from.
    """
    page = etree.fromstring(html_text.encode(), etree.HTMLParser(encoding="utf-8", huge_tree=True))
    return [*_notebook_faults(notebook), *_exhibit_faults(page, notebook), *_file_faults(page, html_text)]


def _notebook_faults(notebook) -> Iterator[str]:
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"Cell {number} ended with an error: {output.ename}: {output.evalue}."
                continue
            texts = [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
            for text in filter(ERROR_TEXT.search, texts):
                yield f"Cell {number} printed an error: {ERROR_TEXT.search(text)[0].strip()}."
        for content in components(cell):
            name = content.get("title") or content.get("question") or content["kind"]
            values = [*_values(content)]
            if any(isinstance(value, str) and ERROR_TEXT.search(value) for value in values):
                yield f"“{name}” (cell {number}) shows the text of an error."
            if any(isinstance(value, float) and not math.isfinite(value) for value in values):
                yield f"“{name}” (cell {number}) holds a value that is not a number."


def _exhibit_faults(page, notebook) -> Iterator[str]:
    island = _with_id(page, "figures")
    drawn = {chart["box"]: chart for chart in json.loads(island.text)["charts"]} if island is not None else {}
    for number, exhibit in enumerate(exhibits(notebook), start=1):
        name = f"Exhibit {number} (“{exhibit['title']}”)"
        place = _with_id(page, f"exhibit-{number}")
        if place is None:
            yield f"{name} is not in the page."
            continue
        title = _with_id(place, f"title-{number}")
        if not exhibit["title"].strip() or title is None or _text_of(title) != _as_read(exhibit["title"]):
            yield f"{name} does not show its title."
        if exhibit.get("figure"):
            chart = drawn.get(f"chart-{number}")
            if chart is None or _with_id(place, f"chart-{number}") is None:
                yield f"{name} has lost its chart."
            elif not any(_has_a_point(trace) for trace in chart["data"]):
                yield f"{name} has a chart without a single point."
        if exhibit.get("heat"):
            expected = [_as_read(cell["text"]) for row in exhibit["heat"]["rows"] for cell in row["cells"]]
            if not any(expected) or [_text_of(cell) for cell in HEAT_CELLS(place)] != expected:
                yield f"{name} has an empty or incomplete heat map."
        expected = [[_as_read(str(cell)) for cell in row] for row in exhibit["table"]["rows"]]
        rows = [[_text_of(cell) for cell in row.iter("th", "td")] for row in TABLE_ROWS(place)]
        if not expected:
            yield f"{name} has no rows in its table."
        elif rows != expected:
            yield f"{name} does not show its table: {len(rows)} rows, {len(expected)} in the notebook."


def _file_faults(page, html_text: str) -> Iterator[str]:
    size = len(html_text.encode())
    if size >= LARGEST:
        yield f"The page has {size:,} bytes; it must stay below {LARGEST:,}."
    titles = [_text_of(title).strip() for title in page.iter("h1")]
    if len(titles) != 1 or not titles[0]:
        yield f"The page has {len(titles)} main headings (h1) instead of one."
    scripts = [script for script in page.iter("script") if script.get("type") != "application/json"]
    copies = sum(PLOTLY_MARK in (script.text or "") for script in scripts)
    needed = 0 if _with_id(page, "figures") is None else 1
    if copies != needed:
        yield f"The page holds plotly.js {copies} times; it needs it {needed} times."
    allowed = next((meta.get("content", "") for meta in page.iter("meta") if meta.get("http-equiv") == POLICY), "")
    if "default-src 'none'" not in allowed or "unsafe" in allowed:
        yield "The page has no strict content policy."
    for element in [*scripts, *page.iter("style")]:
        if _hash(element.text or "") not in allowed:
            yield f"The page holds a {element.tag} that is not ours: {(element.text or '')[:60]!r}."
    # The parser drops tags where they should not stand; a browser may heed them all the same.
    elements, raw = [*page.iter("*")], [element.text or "" for element in page.iter("script", "style")]
    tags = len(TAG.findall(html_text)) - sum(len(TAG.findall(text)) for text in raw)
    if tags != len(elements):
        yield f"The page holds {tags} tags for {len(elements)} elements: some stand where none should."
    for element in elements:
        yield from _element_faults(element)


def _element_faults(element) -> Iterator[str]:
    """Addresses that lead out of the file or the shelf, and what would run or style from an attribute."""
    for attribute, value in element.items():
        text = value.strip()
        if attribute in ADDRESSES and re.match(r"[a-z][a-z0-9+.-]*:|[/\\]{2}", text, re.IGNORECASE):
            if not (element.tag in ("img", "link") and text.startswith("data:")):
                yield f"<{element.tag} {attribute}> leads out of the page: {text[:80]}."
        elif attribute == "style" or attribute.startswith("on"):
            yield f"<{element.tag} {attribute}> would be refused by the content policy: {text[:80]}."
        elif attribute == "http-equiv" and text.lower() == "refresh":
            yield "The page would load another page by itself."
    if element.tag == "style" and EXTERNAL_IN_CSS.search(element.text or ""):
        yield "A style sheet in the page asks for an external address."


def _with_id(place, name: str):
    """The first element within a place that has an id; None if there is none."""
    return next(iter(place.xpath("descendant::*[@id = $name]", name=name)), None)


def _as_read(text: str) -> str:
    """A text as a reader of HTML finds it."""
    return _unparted(text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def _has_a_point(trace: dict) -> bool:
    known = [trace[axis] for axis in ("x", "y") if isinstance(trace.get(axis), list)]
    return any(all(value is not None for value in point) for point in zip(*known, strict=False))


def _values(part) -> Iterator:
    if isinstance(part, dict | list):
        for item in part.values() if isinstance(part, dict) else part:
            yield from _values(item)
    else:
        yield part


def headline(notebook) -> str:
    """The conclusion that a notebook puts on top of its page; "" if it has none."""
    shown = [content for cell in notebook.cells for content in components(cell)]
    return next((content["text"] for content in reversed(shown) if content["kind"] == "headline"), "")


def tables_read(notebook) -> tuple[str, ...]:
    """The tables that a report says it has read; none if it does not say so."""
    shown = [content for cell in notebook.cells for content in components(cell)]
    return tuple(next((content["read"] for content in shown if content["kind"] == "about"), ()))


def failure(*, about: dict, end: str, reason: str, where: str, log: str = "", last_good: str | None = None) -> str:
    """The page that tells why there is no new page: what, where, with which parameters, what to use instead.

    end: refused, failed, died, late or unsafe. reason: one sentence. where: the cell and its heading.
    log: the traceback or what the check found; its last lines are shown. last_good: a link, or None.
    """
    word, meaning = ENDS[end]
    return render(
        "failure.html.j2",
        about=about,
        edition=edition(about),
        end=end,
        word=word,
        meaning=meaning,
        reason=reason,
        where=where,
        facts=_facts(about, []),
        log="\n".join(TERMINAL_COLOURS.sub("", log).strip("\n").splitlines()[-SHOWN_LOG_LINES:]),
        last_good=last_good,
    )


def render(template: str, *, script: str | None = None, plotly: bool = False, **values) -> str:
    """A page from a template of the folder, as is its `script`; with plotly.js, if it has charts."""
    return _environment().get_template(template).render(assets=_assets(script, plotly=plotly), **values)


def edition(about: dict) -> list[str]:
    """What the numbers of a page stand for: month, scope, and the day up to which things were known."""
    known = [f"as known {day_name(about['as_known'])}"] if about.get("as_known") else []
    return [month_name(about["month"]), scope_name(about["scope"]), *known]


def month_name(month: str) -> str:
    """October 2026 for "2026-10"; what is not a month is shown as it was given."""
    try:
        return words.month(date.fromisoformat(f"{month}-01"))
    except ValueError:
        return str(month)


def day_name(day) -> str:
    """14 Nov 2026 for "2026-11-14", also with a time after it; what is not a day is shown as it was given."""
    try:
        return words.day(date.fromisoformat(str(day)[:10]))
    except ValueError:
        return str(day)


def scope_name(scope: str) -> str:
    """All regions, or a scope as readers know it."""
    return "all regions" if scope == "all" else str(scope)


def _facts(about: dict, more: list) -> list:
    told = {label for label, _ in more}
    parameters = ", ".join(f"{name}={value}" for name, value in about.get("parameters", {}).items())
    known = [
        ("Report", about["report"]),
        ("Run", about.get("run")),
        ("Snapshot", about.get("snapshot")),
        ("Parameters", "" if more else parameters),  # a finished report tells each by its name
    ]
    return [(label, value) for label, value in known if value and label not in told] + list(more)


@cache
def _environment() -> Environment:
    """Templates of our folder only: nothing that is installed elsewhere can change a page."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, finalize=_unparted)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "allow_nan": False, "separators": (",", ":")}
    return environment


def _unparted(value):
    """Plain text in which no line can end between a number and its %."""
    return NUMBER_AND_SIGN.sub("\u00a0%", value) if type(value) is str else value


@cache
def _assets(script: str | None, *, plotly: bool) -> dict:
    """Style sheets and scripts of a page, and the policy that lets these and nothing else take effect."""
    css, boot = _text("report.css"), _text("boot.js")
    scripts = [_text("plotly-basic.min.js")] if plotly else []
    scripts += [_text(script)] if script else []
    styles = [css, _text("plotly.css")] if plotly else [css]
    policy = [
        "default-src 'none'",
        "script-src " + " ".join(_hash(text) for text in [boot, *scripts]),
        "style-src " + " ".join(_hash(text) for text in styles),
        "img-src data:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return {
        "css": css,
        "boot": boot,
        "scripts": scripts,
        "plotly": plotly,
        "plotly_css": styles[-1],
        "policy": "; ".join(policy),
    }


def _text(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8").strip())


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
