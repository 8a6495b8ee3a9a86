"""Charts drawn beforehand: a Chromium opens the page once, and what plotly.js has drawn becomes markup of ours.

The page is opened in colours that are numbers, so that each can be named again: the drawings follow light, dark and
paper like everything else. Only known elements and attributes are kept; a text in a drawing stays text.
"""

import json
import re
from pathlib import Path

from lxml import etree
from markupsafe import Markup

from retail_analytics import tokens
from retail_analytics.errors import WorkbenchError
from retail_analytics.publishing import chromium

NAMES = [*tokens.LIGHT]  # colour number n is NAMES[n]
COLOURS = Markup(":root{" + "".join(f"--{name}:rgb(1, 2, {number});" for number, name in enumerate(NAMES)) + "}")
NUMBERED = re.compile(r"rgb\(1, 2, (\d+)\)")
HELD = re.compile(r'<script type="application/json" id="drawn">(.*?)</script>', re.DOTALL)
ELEMENTS = {"svg", "g", "defs", "clipPath", "pattern", "rect", "path", "circle", "line", "text", "tspan"}
ATTRIBUTES = {
    "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linejoin",
    "stroke-miterlimit", "opacity", "font-size", "font-weight", "text-anchor", "clip-path", "d", "transform", "x", "y",
    "x1", "x2", "y1", "y2", "dx", "dy", "width", "height", "r", "cx", "cy", "patternUnits", "patternTransform", "id",
}  # fmt: skip
AS_ALWAYS = {"opacity": "1", "fill-opacity": "1", "stroke-opacity": "1", "stroke-width": "1px"}
LONG = re.compile(r"\d+\.\d+")
TARGET = re.compile(r"url\([^#)]*#([^'\")]+)['\"]?\)")


def drawings(page: str, folder: Path) -> dict[str, Markup]:
    """The drawings of each chart of a drawable page, by the id of its box: one for wide screens, one for phones.

    Raises WorkbenchError if Chromium does not draw one of them.
    """
    path = folder / "drawable.html"
    path.write_text(page, encoding="utf-8")
    held = HELD.search(chromium.loaded(path))
    drawn = json.loads(held[1]) if held else {}
    if not drawn or not all(drawn.values()):
        lost = ", ".join(box for box, of_box in drawn.items() if not of_box) or "any chart"
        raise WorkbenchError(f"Chromium did not draw {lost}.")
    return {box: Markup("").join(_markup(box, n, **one) for n, one in enumerate(sizes)) for box, sizes in drawn.items()}


def _markup(box: str, number: int, *, width: int, height: int, svg: str) -> Markup:
    root = etree.fromstring(svg.encode(), etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    names: dict[str, str] = {}
    _clean(root, f"{box}-{number}-", names)
    used = {found for one in root.iter() for value in one.values() for found in TARGET.findall(value)}
    for one in [*root.iter("{*}clipPath", "{*}pattern")]:
        if one.get("id") not in used:
            one.getparent().remove(one)
    root.attrib.clear()
    root.attrib.update({"class": ("wide", "narrow")[number], "viewBox": f"0 0 {width} {height}"})
    root.attrib.update({"aria-hidden": "true", "focusable": "false"})
    etree.cleanup_namespaces(root)
    text = etree.tostring(root, encoding="unicode", with_tail=False)
    return Markup(text.replace(' xmlns="http://www.w3.org/2000/svg"', ""))


def _clean(element, prefix: str, names: dict[str, str]) -> None:
    """Make an element and what is in it ours; what is none of ours, draws nothing or is not shown goes."""
    hidden = "display:none" in element.get("style", "").replace(" ", "")
    _set_attributes(element, prefix, names)
    for child in [*element]:
        if isinstance(child.tag, str) and _name(child) in ELEMENTS:
            _clean(child, prefix, names)
        else:
            element.remove(child)
    parent, name = element.getparent(), _name(element)
    if parent is None:
        return
    if hidden or _draws_nothing(element, name):
        parent.remove(element)
    elif name == "g" and not element.attrib:
        place = parent.index(element)
        parent[place : place + 1] = [*element]


def _draws_nothing(element, name: str) -> bool:
    if name in ("g", "defs", "text", "tspan"):
        return not (len(element) or (element.text or "").strip())
    clear = element.get("fill") == "none" or element.get("fill-opacity") == "0"
    within = (_name(one) for one in element.iterancestors())
    return name in ("rect", "path") and clear and element.get("stroke") in (None, "none") and "clipPath" not in within


def _name(element) -> str:
    return etree.QName(element).localname


def _set_attributes(element, prefix: str, names: dict[str, str]) -> None:
    styled = (part.partition(":") for part in element.get("style", "").split(";"))
    given = dict(element.attrib) | {name.strip(): value.strip() for name, _, value in styled if value.strip()}
    element.attrib.clear()
    for name, value in given.items():
        if name not in ATTRIBUTES or value in ("inherit", "", AS_ALWAYS.get(name)):
            continue
        if name == "id":
            value = names.setdefault(value, f"{prefix}{len(names)}")
        elif found := TARGET.search(value):
            value = f"url(#{names.setdefault(found[1], f'{prefix}{len(names)}')})"
        else:
            value = NUMBERED.sub(lambda number: f"var(--{NAMES[int(number[1])]})", value)
            value = LONG.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), value)  # none sees less
        element.set(name, value)
