"""Proof of a finished page before it is published: it is read as a browser reads it, and compared with its notebook."""

import json
import math
import re
from collections.abc import Iterator

from lxml import etree

from retail_analytics.publishing import choices, islands
from retail_analytics.publishing.agreement import disagreements
from retail_analytics.publishing.assets import content_hash
from retail_analytics.publishing.forms import COMPLETE, Form
from retail_analytics.publishing.outline import components, exhibits
from retail_analytics.publishing.page import unparted
from retail_analytics.publishing.wording import wording_faults

PLOTLY_MARK = "* plotly.js ("  # its licence comment, kept as its licence asks
LARGEST_STATIC = 500_000  # bytes; it is made to be sent
LARGEST = 6_000_000  # bytes; mail servers refuse what is much larger

ERROR_TEXT = re.compile(r"^Traceback \(most recent call last\)|^\w*(?:Error|Exception): ", re.MULTILINE)
ADDRESSES = ("src", "href", "xlink:href", "srcset", "action", "formaction", "poster", "data", "background")
TAG = re.compile(r"<[a-z]", re.IGNORECASE)
POLICY = "Content-Security-Policy"
TABLE_ROWS = etree.XPath("descendant::table[@class = 'data']/tbody/tr")
DRAWN = etree.XPath("boolean(descendant::svg[@class = 'wide']/descendant::*[self::path or self::rect or self::circle])")
SHARED_FILE = re.compile(r"\.\./\.\./shared/(?:look|plotly-basic|report)-[0-9a-f]{16}\.(?:css|js)")
HEAT_CELLS = etree.XPath("descendant::table[@class = 'heat']/tbody/tr/td")
EXTERNAL_IN_CSS = re.compile(r"@import|url\(\s*['\"]?\s*(?:https?:|//)", re.IGNORECASE)
_text_of = etree.XPath("string()")


def faults(html_text: str, notebook, form: Form = COMPLETE) -> list[str]:
    """What is wrong with a finished page, one sentence each; an empty list lets it be published.

    The page is parsed and compared with the notebook it was made from; so is what it shows of each choice.
    """
    page = _parsed(html_text)
    island = _with_id(page, "figures")
    drawn = islands.read(island.text)["charts"] if island is not None else []
    return [
        *_notebook_faults(notebook),
        *_exhibit_faults(page, drawn, notebook, static=form.static),
        *_record_faults(page, notebook),
        *wording_faults(page, notebook),
        *_file_faults(page, html_text, form),
        *_choice_faults(page, notebook),
    ]


def _parsed(html_text: str):
    return etree.fromstring(html_text.encode(), etree.HTMLParser(encoding="utf-8", huge_tree=True))


def _choice_faults(page, notebook) -> Iterator[str]:
    held = [*choices.held_in(notebook)]
    island, filter_ = _with_id(page, "choices"), _with_id(page, "filter")
    offered = [option.get("value") for option in filter_.iter("option")][1:] if filter_ is not None else []
    if offered != [choice["name"] for choice, _ in held]:
        yield f"The page offers {len(offered)} choices, and {len(held)} were run."
        return
    pages = choices.apart(islands.read(island.text)) if held else []
    for (choice, chosen), shown in zip(held, pages, strict=True):
        body = "".join(text for part in ("opening", "contents", "body", "terms", "facts") for text in shown[part])
        text = f"<html><body>{body}</body></html>"
        own, drawn = _parsed(text), [json.loads(chart) for chart in shown["charts"]]
        faults = [
            *_notebook_faults(chosen),
            *_exhibit_faults(own, drawn, chosen, static=False),
            *wording_faults(own, chosen),
            *_markup_faults(own, text),
        ]
        faults += [f"It holds a {element.tag}." for element in own.iter("script", "style", "link", "iframe")]
        yield from (f"For {choice['label']}: {fault}" for fault in faults)


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


def _exhibit_faults(page, drawn: list[dict], notebook, *, static: bool) -> Iterator[str]:
    drawn = {chart["box"]: chart for chart in drawn}
    for number, exhibit in enumerate(exhibits(notebook), start=1):
        name = f"Exhibit {number} (“{exhibit['title']}”)"
        place = _with_id(page, f"exhibit-{number}")
        if place is None:
            yield f"{name} is not in the page."
            continue
        title = _with_id(place, f"title-{number}")
        if not exhibit["title"].strip() or title is None or _text_of(title) != _as_read(exhibit["title"]):
            yield f"{name} does not show its title."
        chart = exhibit.get("figure") if static else drawn.get(f"chart-{number}")
        if exhibit.get("figure"):
            box = _with_id(place, f"chart-{number}")
            if chart is None or box is None:
                yield f"{name} has lost its chart."
            elif not any(_has_a_point(trace) for trace in chart["data"]):
                yield f"{name} has a chart without a single point."
            elif static and not DRAWN(box):
                yield f"{name} has a chart that was not drawn."
        for found in disagreements(exhibit, chart):
            yield f"{name} {found}."
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


def _record_faults(page, notebook) -> Iterator[str]:
    record = _with_id(page, "report-record")
    held = islands.read(record.text)["exhibits"] if record is not None else []
    for number, exhibit in enumerate(exhibits(notebook), start=1):
        beside = held[number - 1 : number]
        if not beside or _numbers(beside[0]) != _numbers(exhibit):
            name = f"Exhibit {number} (“{exhibit['title']}”)"
            yield f"{name} has other numbers in the record of the page than in the notebook."


def _numbers(exhibit: dict) -> list:
    """The numbers of an exhibit's table, column by column."""
    return [column.get("values") for column in exhibit["table"]["columns"]]


def _file_faults(page, html_text: str, form: Form) -> Iterator[str]:
    size, largest = len(html_text.encode()), LARGEST_STATIC if form.static else LARGEST
    if size >= largest:
        yield f"The page has {size:,} bytes; it must stay below {largest:,}."
    scripts = [script for script in page.iter("script") if script.get("type") != "application/json"]
    if form.static and scripts:
        yield f"The page has {len(scripts)} scripts; a static one has none."
    beside = [element.get("src") or element.get("href") for element in page.iter("script", "link")]
    beside = [address for address in beside if address and not address.startswith("data:")]
    for address in beside:
        if not (form.shared and SHARED_FILE.fullmatch(address)):
            yield f"The page asks for a file beside it: {address[:80]}."
    copies = sum(PLOTLY_MARK in (script.text or "") for script in scripts)
    copies += sum("/plotly-" in address for address in beside)
    needed = 0 if _with_id(page, "figures") is None else 1
    if copies != needed:
        yield f"The page holds plotly.js {copies} times; it needs it {needed} times."
    allowed = next((meta.get("content", "") for meta in page.iter("meta") if meta.get("http-equiv") == POLICY), "")
    if "default-src 'none'" not in allowed or "unsafe" in allowed:
        yield "The page has no strict content policy."
    if "'self'" in allowed and not form.shared:
        yield "The content policy of the page lets in what lies beside it."
    within = [script for script in scripts if not script.get("src") or (script.text or "").strip()]
    for element in [*within, *page.iter("style")]:
        if content_hash(element.text or "") not in allowed:
            yield f"The page holds a {element.tag} that is not ours: {(element.text or '')[:60]!r}."
    yield from _markup_faults(page, html_text)


def _markup_faults(page, html_text: str) -> Iterator[str]:
    titles = [_text_of(title).strip() for title in page.iter("h1")]
    if len(titles) != 1 or not titles[0]:
        yield f"The page has {len(titles)} main headings (h1) instead of one."
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
    return unparted(text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def _has_a_point(trace: dict) -> bool:
    known = [trace[axis] for axis in ("x", "y") if isinstance(trace.get(axis), list)]
    return any(all(value is not None for value in point) for point in zip(*known, strict=False))


def _values(part) -> Iterator:
    if isinstance(part, dict | list):
        for item in part.values() if isinstance(part, dict) else part:
            yield from _values(item)
    else:
        yield part


