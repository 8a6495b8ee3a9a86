"""What a page brings along: style sheets, typefaces, scripts, and the policy that lets these alone take effect."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

from retail_analytics import tokens
from retail_analytics.language import phrase
from retail_analytics.publishing.brand import PLAIN, Brand
from retail_analytics.publishing.forms import COMPLETE, Form
from retail_analytics.publishing.record import replaced

FOLDER = Path(__file__).with_name("page")
SHARED = "shared"  # the folder of the shelf with what its pages share
PLOTLY = "plotly-basic.min.js"
FACES = {"Workbench Serif": "workbench-serif.woff2", "Workbench Sans": "workbench-sans.woff2"}
LICENCE = "/* Subsets of Source Serif 4 and Source Sans 3 by Adobe, under the SIL Open Font License 1.1. */"
SMALL_PRINT = f"font: 8pt {tokens.SANS}; color: {tokens.LIGHT['ink3']};"
RUNNING = (
    f'@page {{ @bottom-left {{ content: %s; {SMALL_PRINT} }}'
    f' @bottom-right {{ content: counter(page) %s counter(pages); {SMALL_PRINT} }} }}'
)


def assets(scripts: tuple[str, ...] = (), *, plotly: bool, brand: Brand = PLAIN, foot: str = "",
           form: Form = COMPLETE, more_css: str = "") -> dict:  # fmt: skip
    """Style sheets and scripts of a page, and its content policy; `foot` is what each printed page says at its end."""
    found = _of_all(scripts, plotly, brand, form.shared)
    repeated = running(foot) + more_css
    # Of the ways to name a file beside the page, from file:// Chromium heeds this one alone: a hash of what is in it
    # needs a server. That the page names no other file than ours is proven before it is published.
    beside = ["'self'"] if form.shared else []
    policy = [
        "default-src 'none'",
        "script-src " + " ".join([*beside, *found["script_hashes"]] or ["'none'"]),
        "style-src " + " ".join([*beside, *found["style_hashes"], content_hash(repeated)]),
        "img-src data:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return found | {"running": repeated, "policy": "; ".join(policy)}


def running(foot: str) -> Markup:
    """The rule by which each printed page says at its end what it is of."""
    return Markup(RUNNING % (_quoted(foot), _quoted(phrase("{part} of {whole}", part="", whole=""))))


def content_hash(text: str) -> str:
    """A script or style as the content policy names it."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def share(reports_dir: Path, brand: Brand) -> None:
    """Lay the files that the shared pages of a shelf use beside them. None is ever removed: a page may use it."""
    for name, text in _shared(brand).items():
        path = reports_dir / name
        if not (path.is_file() and path.read_bytes() == text.encode()):
            path.parent.mkdir(exist_ok=True)
            replaced(path, text)


def shares(reports_dir: Path, brand: Brand) -> bool:
    """Whether the files that shared pages use are there."""
    return all((reports_dir / name).is_file() for name in _shared(brand))


@cache
def _of_all(scripts: tuple[str, ...], plotly: bool, brand: Brand, shared: bool) -> dict:
    """What does not differ between the pages of a kind."""
    css = Markup(tokens.css(*brand.colours) + ("" if shared else _look(brand)))
    boot, plotly_css = _text("boot.js"), _text("plotly.css")
    within = [_text(script) for script in ([PLOTLY] if plotly else []) + [*scripts]]
    boots = [boot] if within else []
    if shared:
        within = []
    return {
        "css": css,
        "boot": boot if boots else None,
        "scripts": within,
        "beside": [f"../../{name}" for name in _shared(brand)] if shared else [],
        "plotly": plotly,
        "plotly_css": plotly_css,
        "script_hashes": [content_hash(text) for text in [*boots, *within]],
        "style_hashes": [content_hash(text) for text in ([css, plotly_css] if plotly else [css])],
    }


@cache
def _shared(brand: Brand) -> dict[str, str]:
    """The files that shared pages use, by their place on the shelf: the look with its typefaces, and the scripts. Their
    names say what is in them. The tokens stay in the page: from file:// no script can read them elsewhere.
    """
    found, script = {}, f"{_text('unpack.js')}\n{_text('report.js')}"
    for name, text in (("look.css", _look(brand)), ("plotly-basic.js", _text(PLOTLY)), ("report.js", script)):
        stem, kind = name.split(".")
        found[f"{SHARED}/{stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.{kind}"] = str(text)
    return found


def _look(brand: Brand) -> str:
    return f"{_faces(brand)}\n{_text('report.css')}"


def _faces(brand: Brand) -> str:
    rules = []
    for family, file in FACES.items():
        face = brand.faces.get(family) or (FOLDER / "fonts" / file).read_bytes()
        source = f"url(data:font/woff2;base64,{base64.b64encode(face).decode()})"
        rules.append(f'@font-face {{ font-family: "{family}"; font-weight: 400 700; src: {source}; }}')
    return "\n".join([LICENCE, *rules])


def _text(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8").strip())


def _quoted(text: str) -> str:
    """Any text as a string of CSS: whatever is not a letter, digit or space is written as its number."""
    return '"' + re.sub(r"[^A-Za-z0-9 ]", lambda sign: f"\\{ord(sign[0]):x} ", text) + '"'
