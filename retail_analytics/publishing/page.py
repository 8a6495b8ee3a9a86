"""An executed notebook as one offline page, and the page of a run that failed.

A page shows the components of a notebook (outputs with our mimetype) and its markdown, nothing else.
Every text of a component is data: it is escaped, in the page and inside the figures.
"""

import json
import re
from datetime import date
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from retail_analytics import words
from retail_analytics.language import phrase, phrase_for, spoken
from retail_analytics.publishing import choices, islands
from retail_analytics.publishing.assets import FOLDER, assets, running
from retail_analytics.publishing.brand import PLAIN, Brand
from retail_analytics.publishing.changes import changes
from retail_analytics.publishing.drawings import COLOURS
from retail_analytics.publishing.forms import COMPLETE, Form
from retail_analytics.publishing.numbers import record_of
from retail_analytics.publishing.outline import components, outline, with_changes

SHOWN_LOG_LINES = 30  # enough to see what failed and what came before it

PIECES = re.compile(r"(?=<section )")  # of a body: alike in several choices, one beside the other
TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # tracebacks of a kernel carry them
NUMBER_AND_SIGN = re.compile(r"(?<=\d) %")
ENDS = {
    "refused": ("Refused", "The request or the data could not carry this report; nothing was run."),
    "failed": ("Failed", "A step of the report raised an error before any number was published."),
    "died": ("Died", "The process that ran the report was ended from outside, often for lack of memory."),
    "late": ("Late", "The report passed its deadline and was stopped."),
    "unsafe": ("Failed its checks", "The page was built, but did not pass its checks, and was held back."),
}


def html(notebook, *, about: dict, brand: Brand = PLAIN, form: Form = COMPLETE, since: list[dict] | None = None,
         drawings: dict[str, Markup] | None = None) -> str:  # fmt: skip
    """The page of an executed notebook: one HTML text that asks nothing of any network.

    about: title, organisation, report, month, scope, as_known, shelf_link, snapshot, run, parameters;
    month as "2026-10" and days as "2026-11-14", or already in words; for the record also edition (the same month, scope
    and day for programs) and method (fingerprints, versions). since: the records of the pages that it is compared
    with, as changes.changes takes them; None where nobody looked. drawings: those of a static page, by the box of the
    chart. The same of all of them give the same bytes.
    """
    page = outline(notebook)
    if form.static:
        for exhibit in page["exhibits"]:
            exhibit["drawn"] = (drawings or {}).get(f"chart-{exhibit['number']}", "")
        page["charts"] = None
    held = [*choices.held_in(notebook)]
    scripts = () if form.static else ("unpack.js", "report.js") if held else ("report.js",)
    return _rendered(page, about, brand, scripts, form, since, held)


def drawable(notebook, *, about: dict, brand: Brand = PLAIN) -> str:
    """The page that a browser opens to draw the charts of a static one: `drawings` are read from it then."""
    scripts = ("report.js", "draw.js")
    return _rendered(outline(notebook), about, brand, scripts, COMPLETE, more_css=COLOURS)


def _rendered(page: dict, about: dict, brand: Brand, scripts: tuple[str, ...], form: Form,
              since: list[dict] | None = None, held=(), **more) -> str:  # fmt: skip
    page["facts"] = _facts(about, page["about"].get("facts", []))
    shown = [_shown(chosen, _about_choice(about, choice)) for choice, chosen in held]
    record = record_of(page, about)
    if since is not None:
        record["changes"] = changes(record, since)
        with_changes(page, record["changes"])
    return render(
        "index.html.j2",
        scripts=scripts,
        plotly=bool(page["charts"]) or any(one["charts"] for one in shown),
        brand=brand,
        foot=_foot(about),
        form=form,
        page=page,
        about=about,
        title=_title(about),
        edition=edition(about),
        record=record,
        choices=[choice | {"word": words.opening(words.column(choice["kind"]))} for choice, _ in held],
        held=choices.side_by_side(shown) if shown else None,
        **more,
    )


def _about_choice(about: dict, choice: dict) -> dict:
    parameters = about.get("parameters", {}) | {"scope": choice["name"]}
    return about | {"scope": choice["label"], "parameters": parameters}


def _shown(notebook, about: dict) -> dict[str, list[str]]:
    """What a page shows of a choice: the parts of its own page that differ from one scope to another, in pieces."""
    page, parts = outline(notebook), _environment().get_template("shown.html.j2").module
    page["facts"] = _facts(about, page["about"].get("facts", []))
    charts = page["charts"] or {"templates": [], "charts": []}
    return {
        "title": [unparted(_title(about))],
        "edition": [unparted(" · ".join(edition(about)))],
        "running": [running(_foot(about))],
        "opening": [parts.opening(page, about)],
        "contents": [parts.contents(page)],
        "body": PIECES.split(parts.body(page)),
        "terms": [parts.terms(page)],
        "facts": [parts.facts(page)],
        "charts": [_json(chart) for chart in charts["charts"]],
        "templates": [_json(template) for template in charts["templates"]],
    }


def _title(about: dict) -> str:
    named = edition(about)[: 1 if about["scope"] == "all" else 2]
    return f"{about['title']}, {', '.join(named)}: {about['organisation']}"


def _json(part) -> str:
    return json.dumps(part, **islands.JSON)


def headline(notebook) -> str:
    """The conclusion that a notebook puts on top of its page; "" if it has none."""
    shown = [content for cell in notebook.cells for content in components(cell)]
    return next((content["text"] for content in reversed(shown) if content["kind"] == "headline"), "")


def tables_read(notebook) -> tuple[str, ...]:
    """The tables that a report says it has read; none if it does not say so."""
    shown = [content for cell in notebook.cells for content in components(cell)]
    return tuple(next((content["read"] for content in shown if content["kind"] == "about"), ()))


def failure(*, about: dict, end: str, reason: str, where: str, seconds: float, attempts: int, parameters: list,
            steps: list[dict], rest: list, log: str = "", last_good: dict | None = None,
            notebook: str | None = None, brand: Brand = PLAIN) -> str:  # fmt: skip
    """The page that tells why there is no new one: what, where, what to do, with which parameters, what to use instead.

    end: refused, failed, died, late or unsafe. reason: one sentence. where: the cell and its heading. parameters: name,
    value and origin of each. steps: what to do, as `advice` gives it. rest: the runs that ended before in the same run
    of packs. log: the traceback or what the check found; its last lines are shown. last_good: the run that made the
    page to use instead. notebook: the executed one beside this page.
    """
    word, meaning = ENDS[end]
    lines = TERMINAL_COLOURS.sub("", log).strip("\n").splitlines()
    return render(
        "failure.html.j2",
        brand=brand,
        foot=_foot(about),
        about=about,
        edition=edition(about),
        end=end,
        word=word,
        meaning=meaning,
        reason=reason,
        where=[
            ("Where", where),
            ("Took", f"{seconds:,.1f} s" if attempts else ""),
            ("Attempts", attempts if attempts > 1 else ""),
        ],
        notebook=notebook,
        parameters=parameters,
        steps=steps,
        rest=_rest(rest),
        facts=[fact for fact in _facts(about, []) if fact[0] != "Parameters"],  # they have a table of their own
        log=lines[-SHOWN_LOG_LINES:],
        lines=len(lines),
        last_good=last_good and _instead(last_good, about),
    )


def _instead(run: dict, about: dict) -> dict:
    """The page to use instead of one that was not produced: it lies in the same folder."""
    month = month_name(run["month"])
    return {"link": quote(run["page"].split("/")[-1]), "month": month, "same": month == month_name(about["month"]),
            "made": day_name(run["started"])}  # fmt: skip


def _rest(runs: list) -> list[dict]:
    """The other reports of a run, a line for each report: how they ended, and how long they took together."""
    lines = []
    for title in dict.fromkeys(run.title for run in runs):
        of_title = [run for run in runs if run.title == title]
        ends = [run.end for run in of_title]
        counts = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(ends))
        good = all(run.end == "published" for run in of_title)
        lines.append({"title": title, "mark": "published" if good else "failed", "ends": counts,
                      "seconds": f"{sum(run.seconds for run in of_title):,.0f} s"})  # fmt: skip
    return lines


def render(template: str, *, scripts: tuple[str, ...] = (), plotly: bool = False, brand: Brand = PLAIN,
           foot: str = "", form: Form = COMPLETE, more_css: str = "", **values) -> str:  # fmt: skip
    """A page from a template of the folder, as are its scripts; with plotly.js, if it has charts.

    `foot` stands at the end of each page on paper.
    """
    brought = assets(scripts, plotly=plotly, brand=brand, foot=foot, form=form, more_css=more_css)
    packed = form.static or form.shared
    values |= {"packed": packed, "island": islands.packed if packed else islands.plain}
    return _environment().get_template(template).render(assets=brought, brand=brand, **values)


def _foot(about: dict) -> str:
    return " · ".join([about["organisation"], about["title"], *edition(about)])


def edition(about: dict) -> list[str]:
    """What the numbers of a page stand for: month, scope, and the day up to which things were known."""
    known = [phrase("as known {day}", day=day_name(about["as_known"]))] if about.get("as_known") else []
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
    return phrase("all regions") if scope == "all" else str(scope)


def _facts(about: dict, more: list) -> list:
    told = {label for label, _ in more}
    parameters = ", ".join(f"{name}={value}" for name, value in about.get("parameters", {}).items())
    known = [
        (phrase("Report"), about["report"]),
        (phrase("Run"), about.get("run")),
        (phrase("Snapshot"), about.get("snapshot")),
        (phrase("Parameters"), "" if more else parameters),  # a finished report tells each by its name
    ]
    return [(label, value) for label, value in known if value and label not in told] + list(more)


@cache
def _environment() -> Environment:
    """Templates of our folder only: nothing that is installed elsewhere can change a page."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, finalize=unparted)
    environment.globals |= {"phrase": phrase, "phrase_for": phrase_for, "spoken": spoken, "islands": islands}
    return environment


def unparted(value):
    """Plain text in which no line can end between a number and its %."""
    return NUMBER_AND_SIGN.sub("\u00a0%", value) if type(value) is str else value
