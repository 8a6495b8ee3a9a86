"""A notebook as its page reads it: headline, sections with their blocks, exhibits in order, charts, terms.

Every text of a component is data: it stays text here, and inside the figures it is made plain.
Markdown is rebuilt from known elements, so that no text in it can turn into script.
"""

import json
import math
import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import PreformattedString, Tag
from markupsafe import Markup, escape

from retail_analytics.exhibits import MIMETYPE
from retail_analytics.language import of_plotly, phrase
from retail_analytics.publishing.changes import component
from retail_analytics.words.parts import inside

# Markdown becomes these elements and no others, without attributes; anything else is its text.
KEPT = frozenset(
    ["p", "ul", "ol", "li", "strong", "em", "del", "code", "pre", "blockquote"]
    + ["thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"]
)


MOST_CHANGES = {"summary": 3, "report": 12}  # items of each list of what changed; all of them are in the record
SEEN = 6  # digits of a number that a chart of a thousand pixels can show, also near the end of its axis
DATED = ("trend", "stock_flow")  # the forms of exhibits with a time axis


def outline(notebook) -> dict:
    """A notebook as its page reads it: headline, what stands before the first section, sections, charts."""
    front, sections, headline, about, numbered = [], [], None, {}, []
    blocks = front
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for title, body in _pieces(_translated(cell.source)):
                if title:
                    blocks = []
                    sections.append({"title": title, "blocks": blocks})
                if body:
                    blocks.append({"kind": "prose", "html": body})
        for content in components(cell):
            content = json.loads(json.dumps(content))
            if sections and content["kind"] in ("list", "health"):
                _said_once(content, sections[-1])
            for exhibit in _exhibits_in(content):
                numbered.append(exhibit)
                exhibit["number"] = len(numbered)
            match content["kind"]:
                case "headline":
                    headline = content
                case "about":
                    about = content
                case "verdict":
                    _gathered(blocks, "ledger", "rows", content)
                case "list":
                    _gathered(blocks, "lists", "lists", content)
                case "not_recorded" if blocks and blocks[-1].get("sentence") == content["sentence"]:
                    _named_together(blocks[-1], content)
                case _:
                    blocks.append(content)
    sections = [section for section in sections if section["blocks"]]
    for number, section in enumerate(sections, start=1):
        section["id"] = f"section-{number}"
        _noted_once(section["blocks"])
    return {
        "layout": _layout(numbered, front, sections),
        "headline": headline and _not_repeated(headline, front),
        "front": front,
        "sections": sections,
        "exhibits": numbered,
        "charts": _charts(numbered),
        "terms": _terms(numbered),
        "definitions": about.get("definitions", []),
        "files": about.get("files"),
        "about": about,
    }


def with_changes(page: dict, told: dict) -> None:
    """Put what changed since the last report where the notebook says so, beside the lists that follow there; else into
    a section at the end.
    """
    most = MOST_CHANGES[page["layout"]]
    blocks = [page["front"], *(section["blocks"] for section in page["sections"])]
    places = [(of, at) for of in blocks for at, block in enumerate(of) if block["kind"] == "changed"]
    for of, at in places:
        of[at] = component(told, of[at]["visible"], most)
        if of[at + 1 :] and of[at + 1]["kind"] == "lists":
            of[at]["lists"] += of.pop(at + 1)["lists"]
    if not places:
        title = phrase("What changed since the last report")
        page["sections"].append({"id": "changes", "title": title, "blocks": [component(told, "", most)]})


def components(cell) -> Iterator[dict]:
    """The contents that a cell shows, in order."""
    for output in cell.get("outputs", []):
        content = output.get("data", {}).get(MIMETYPE)
        if content is not None:
            yield content


def exhibits(notebook) -> list[dict]:
    """Every exhibit of a notebook in reading order, those beside a verdict too; the first is number 1."""
    return [exhibit for cell in notebook.cells for content in components(cell) for exhibit in _exhibits_in(content)]


def _exhibits_in(content: dict) -> list[dict]:
    if content["kind"] == "exhibit":
        return [content]
    return [content["exhibit"]] if content.get("exhibit") else []


def _said_once(content: dict, section: dict) -> None:
    """A list that is named like its section leaves the name to the section's heading."""
    if content["title"] == section["title"]:
        content["title"] = ""


def _named_together(before: dict, content: dict) -> None:
    """What is missing for the same reason as the block before is said once, with both names."""
    if inside(content["title"]) not in map(inside, before["title"].split(", ")):
        before["title"] += f", {inside(content['title'])}"


def _not_repeated(headline: dict, front: list) -> dict:
    """The headline with a standfirst that says neither the headline again nor what the first verdicts say."""
    verdicts = [row["sentence"] for block in front if block["kind"] == "ledger" for row in block["rows"]]
    text = headline["standfirst"].removeprefix(headline["text"]).strip()
    return headline | {"standfirst": "" if text in verdicts else text}


def _noted_once(blocks: list) -> None:
    """What a dated note says stands once in a section, and under every chart that has its line."""
    told: set[str] = set()
    for block in blocks:
        if block["kind"] == "exhibit":
            if block["form"] not in DATED:
                block["notes"] = [note for note in block["notes"] if note not in told]
            told.update(block["notes"])


def _gathered(blocks: list, kind: str, key: str, content: dict) -> None:
    """Verdicts that follow each other are rows of one ledger; lists that do so stand side by side."""
    if not blocks or blocks[-1]["kind"] != kind:
        blocks.append({"kind": kind, key: []})
    blocks[-1][key].append(content)


def _layout(numbered: list, front: list, sections: list) -> str:
    """A "summary" uses the full width; it is mostly verdicts. A "report" is a column beside its contents."""
    blocks = front + [block for section in sections for block in section["blocks"]]
    verdicts = sum(len(block["rows"]) for block in blocks if block["kind"] == "ledger")
    alone = sum(block["kind"] == "exhibit" for block in blocks)
    return "summary" if verdicts > alone else "report"


def _charts(numbered: list[dict]) -> dict | None:
    """The figures as the page's script reads them; plotly templates, which are long, once each."""
    templates, charts = [], []
    for exhibit in numbered:
        if not exhibit.get("figure"):
            continue
        figure = _plain(exhibit["figure"])
        template = figure["layout"].pop("template", {})
        if template not in templates:
            templates.append(template)
        charts.append(
            {
                "box": f"chart-{exhibit['number']}",
                "data": figure["data"],
                "layout": figure["layout"],
                "template": templates.index(template),
                "height": exhibit["height"],
                "narrow": _plain(exhibit.get("narrow") or {}),
            }
        )
    return {"templates": templates, "charts": charts, "locale": of_plotly()} if charts else None


def _plain(part):
    """A figure whose texts plotly.js cannot take for markup: only line breaks are left. What is not a number
    is a gap; a number has as many digits as can be seen.
    """
    if isinstance(part, str):
        return re.sub(r"<(?!br>|/?extra>)", "&lt;", part)
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items()}
    if isinstance(part, float):
        return seen(part) if math.isfinite(part) else None
    return part


def seen(number: float) -> float:
    """A number as it is drawn: of the nine digits that the record has, those that can be seen."""
    return float(f"{float(f'{number:.9g}'):.{SEEN}g}")


def _terms(numbered: list[dict]) -> list[dict]:
    """The terms the exhibits explain, each once; every mention learns the anchor of its explanation."""
    terms = {}
    for exhibit in numbered:
        for term in exhibit.get("terms", []):
            known = terms.setdefault(term["name"], term | {"anchor": str(len(terms) + 1)})
            term["anchor"] = known["anchor"]
    return list(terms.values())


def _translated(source: str) -> str:
    """A markdown cell in the language that is spoken: each of its headings and paragraphs is a message."""
    parts = (re.fullmatch(r"(#* ?)(.*)", part, re.DOTALL) for part in source.split("\n\n"))
    return "\n\n".join(mark + phrase(text) for mark, text in (part.groups() for part in parts))


def _pieces(source: str) -> Iterator[tuple[str, Markup]]:
    """A markdown cell as (section title or "", what follows it).

    The notebook's own title (#) is left out: the page has one.
    """
    # Slow to import, and the shelf's own pages do without.
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
    rendered = MarkdownWithMath(renderer=renderer).render(source)
    title, body = "", Markup()
    for node in BeautifulSoup(rendered, "html.parser").children:
        if node.name == "h2":
            if title or body.strip():
                yield title, body.strip()
            title, body = node.get_text().strip(), Markup()
        elif node.name != "h1":
            body += _neutral(node)
    if title or body.strip():
        yield title, body.strip()


def _neutral(node) -> Markup:
    """Markdown's HTML rebuilt from known elements and escaped text."""
    if isinstance(node, PreformattedString):  # comments and declarations
        return Markup()
    if not isinstance(node, Tag):
        return escape(str(node))
    inner = Markup().join(_neutral(child) for child in node.children)
    match node.name:
        case "a":
            return _link(node.get("href") or "", inner)
        case "img":
            return escape(node.get("alt") or "")
        case "br" | "hr":
            return Markup(f"<{node.name}>")
        case "table":
            return Markup('<div class="scroll"><table>{}</table></div>').format(inner)
        case name if name in KEPT:
            return Markup(f"<{name}>{{}}</{name}>").format(inner)
    return inner


def _link(address: str, inner: Markup) -> Markup:
    """A link within the page or the shelf. An address elsewhere is written out: a page leads nowhere else."""
    if re.fullmatch(r"[\w./-]*(#[\w-]*)?", address) and not address.startswith("//"):
        return Markup('<a href="{}">{}</a>').format(address, inner)
    return inner if str(escape(address)) in inner else Markup("{} ({})").format(inner, address)
