"""What a page brings along: style sheets, typefaces, scripts, and the policy that lets these alone take effect."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

from retail_analytics import tokens
from retail_analytics.publishing.brand import PLAIN, Brand

FOLDER = Path(__file__).with_name("page")
FACES = {"Workbench Serif": "workbench-serif.woff2", "Workbench Sans": "workbench-sans.woff2"}
LICENCE = "/* Subsets of Source Serif 4 and Source Sans 3 by Adobe, under the SIL Open Font License 1.1. */"
SMALL_PRINT = f"font: 8pt {tokens.SANS}; color: {tokens.LIGHT['ink3']};"
RUNNING = (
    f'@page {{ @bottom-left {{ content: %s; {SMALL_PRINT} }}'
    f' @bottom-right {{ content: counter(page) " of " counter(pages); {SMALL_PRINT} }} }}'
)


def assets(script: str | None, *, plotly: bool, brand: Brand = PLAIN, foot: str = "") -> dict:
    """Style sheets and scripts of a page, and its content policy; `foot` is what each printed page says at its end."""
    found = _of_all(script, plotly, brand)
    running = Markup(RUNNING % _quoted(foot))
    policy = [
        "default-src 'none'",
        "script-src " + " ".join(found["script_hashes"]),
        "style-src " + " ".join([*found["style_hashes"], content_hash(running)]),
        "img-src data:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return found | {"running": running, "policy": "; ".join(policy)}


def content_hash(text: str) -> str:
    """A script or style as the content policy names it."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@cache
def _of_all(script: str | None, plotly: bool, brand: Brand) -> dict:
    """What does not differ between the pages of a kind."""
    css = Markup(f"{tokens.css(*brand.colours)}{_faces(brand)}\n{_text('report.css')}")
    boot, plotly_css = _text("boot.js"), _text("plotly.css")
    scripts = [_text("plotly-basic.min.js")] if plotly else []
    scripts += [_text(script)] if script else []
    return {
        "css": css,
        "boot": boot,
        "scripts": scripts,
        "plotly": plotly,
        "plotly_css": plotly_css,
        "script_hashes": [content_hash(text) for text in [boot, *scripts]],
        "style_hashes": [content_hash(text) for text in ([css, plotly_css] if plotly else [css])],
    }


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
