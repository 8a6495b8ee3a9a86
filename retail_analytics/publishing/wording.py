"""What a page says in sentences, held to the wording rules: our own texts, not those that stand in the data."""

from collections.abc import Iterator

from lxml import etree

from retail_analytics.publishing.outline import components, exhibits
from retail_analytics.words import rules

WRITTEN = ("prose", "changes")  # what a page says that no component of its notebook does
TEXTS = ("p", "li", "td", "th", "h3", "h4")
LATE = " p"  # how a period that may still change ends in a table
_text_of = etree.XPath("normalize-space(string())")


def wording_faults(page, notebook) -> Iterator[str]:
    """The wording rules that a parsed page breaks, made from a notebook: a sentence for each."""
    shown = [content for cell in notebook.cells for content in components(cell)]
    written = [part for part in page.iter("div") if part.get("class") in WRITTEN]
    claims = [_text_of(part) for block in written for part in block.iter(TEXTS)]
    labels = [_text_of(part) for part in page.iter("h2")]
    for content in shown:
        claims += _claims(content)
        labels += _labels(content)
    yield from rules.breaches(claims, labels, _quoted(notebook, shown))
    for exhibit in exhibits(notebook):
        late = [cells[0].removesuffix(LATE) for cells in exhibit["table"]["rows"] if str(cells[0]).endswith(LATE)]
        for text in (exhibit["title"], exhibit["words"]):
            if broken := rules.provisional(text, late):
                yield broken


def _claims(content: dict) -> list[str]:
    match content["kind"]:
        case "headline":
            return [content["text"], content["standfirst"]]
        case "verdict":
            within = f" ({content['interval']})" if content["interval"] else ""
            beside = _claims(content["exhibit"]) if content.get("exhibit") else []
            return [content["sentence"] + within, content["meta"], *beside]
        case "list":
            return [f"{item['lead']} {item['text']}" for item in content["items"]]
        case "not_recorded":
            return [content["sentence"]]
        case "exhibit":
            return [content["title"], content["words"], *content["notes"], *content["table"].get("notes", [])]
    return []


def _labels(content: dict) -> list[str]:
    match content["kind"]:
        case "verdict":
            beside = _labels(content["exhibit"]) if content.get("exhibit") else []
            return [content["question"], content["word"], *beside]
        case "list" | "not_recorded" | "health":
            return [content["title"]]
        case "exhibit":
            return [content["subtitle"], *(term["definition"] for term in content.get("terms", []))]
        case "about":
            return [one["definition"] for one in content["definitions"]]
    return []


def _quoted(notebook, shown: list[dict]) -> set[str]:
    """What stands in the data: the groups that are measured, and what the report says that it quotes."""
    quoted: set[str] = set()
    for exhibit in exhibits(notebook):
        groups = exhibit.get("measured", {}).get("by", ())
        for place, column in enumerate(exhibit["table"]["columns"]):
            if column.get("name") in groups:
                quoted.update(str(cells[place]) for cells in exhibit["table"]["rows"])
    for content in shown:
        if content["kind"] == "about":
            quoted.update(content.get("quoted", ()))
    return quoted
