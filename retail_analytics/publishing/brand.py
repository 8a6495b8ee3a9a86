"""A retailer's brand on its pages: name, logo, colour of rules, typefaces, from `brand.yaml` in the reports folder.

    name: Corner Shops
    logo: logo.svg # or .png; beside brand.yaml, as are the typefaces
    colours: {light: "#0B5D3B", dark: "#7FD1AE"} # of rules and tags, on the light page and on the dark one
    fonts: {serif: corner-serif.woff2, sans: corner-sans.woff2} # of headlines and of everything else

What is left out stays as it is. Charts and verdicts keep their colours: in them a colour means something.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from retail_analytics import tokens
from retail_analytics.errors import SourceError
from retail_analytics.sources.written import only_known, yaml_of

FILE = "brand.yaml"
KEYS = {"name", "logo", "colours", "fonts"}
GROUNDS = {"light": tokens.LIGHT, "dark": tokens.DARK}
FAMILIES = {"serif": "Workbench Serif", "sans": "Workbench Sans"}
LOGOS = {".svg": "image/svg+xml", ".png": "image/png"}
BEGINS = {".png": b"\x89PNG\r\n", ".woff2": b"wOF2"}
LARGEST = {"logo": 50_000, "fonts": 100_000}  # bytes: every page carries them


@dataclass(frozen=True)
class Brand:
    """A brand as pages show it; `key` stands for all of it, "" for none."""

    key: str = ""
    name: str = ""
    logo: str = field(default="", compare=False)  # an address that holds the picture itself
    colours: tuple[dict, dict] = field(default=(tokens.LIGHT, tokens.DARK), compare=False)
    faces: dict[str, bytes] = field(default_factory=dict, compare=False)


PLAIN = Brand()


def brand_of(reports_dir: Path) -> Brand:
    """The brand of a reports folder; the plain look if it has no `brand.yaml`.

    Raises SourceError with the place and what was expected for whatever is not understood, a file that is missing or
    too large, and a colour that cannot be read on the page.
    """
    path = Path(reports_dir) / FILE
    if not path.is_file():
        return PLAIN
    text, said = yaml_of(path)
    if not isinstance(said, dict):
        raise SourceError(f"{path}: expected lines like 'name: Corner Shops'. Known: {', '.join(sorted(KEYS))}.")
    only_known(path, said, KEYS)
    colours, fonts = (_pairs(path, said, key, known) for key, known in (("colours", GROUNDS), ("fonts", FAMILIES)))
    logo = _file(path, "logo", said["logo"], LOGOS) if "logo" in said else b""
    faces = {FAMILIES[kind]: _file(path, "fonts", name, {".woff2": ""}) for kind, name in fonts.items()}
    inside = hashlib.sha256(b"\0".join([text.encode(), logo, *faces.values()]))
    return Brand(
        key=inside.hexdigest()[:16],
        name=str(said.get("name", "")),
        logo=logo and f"data:{LOGOS[_suffix(said['logo'])]};base64,{base64.b64encode(logo).decode()}",
        colours=tuple(_coloured(path, ground, colours) for ground in GROUNDS),
        faces=faces,
    )


def _pairs(path: Path, said: dict, key: str, known: dict) -> dict:
    found = said.get(key, {})
    if not isinstance(found, dict):
        raise SourceError(f"{path}: {key} are two, of {' and '.join(known)}. Found: {found}.")
    only_known(f"{path}, {key}", found, set(known))
    return found


def _coloured(path: Path, ground: str, colours: dict) -> dict:
    """The tokens of a ground with the brand's colour, which must be read on it as well as small print is."""
    if ground not in colours:
        return GROUNDS[ground]
    colour = colours[ground]
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", str(colour)):
        raise SourceError(f"{path}, colours: {ground} is {colour!r}, expected a colour in quotes, like \"#0B5D3B\".")
    tinted = GROUNDS[ground] | {"accent": colour}
    for _, on, found, least in tokens.too_faint(tinted):
        raise SourceError(
            f"{path}, colours: {ground} {colour} has a contrast of {found:.1f} on the {ground} page ({tinted[on]}), "
            f"expected at least {least}. Choose a {'darker' if ground == 'light' else 'lighter'} one."
        )
    return tinted


def _file(path: Path, key: str, name, kinds: dict) -> bytes:
    """The bytes of a file beside brand.yaml, which must be of one of some kinds and small."""
    file = path.with_name(str(name))
    if _suffix(name) not in kinds:
        raise SourceError(f"{path}, {key}: {name} is not a file of the kind {' or '.join(kinds)}.")
    if not file.is_file():
        raise SourceError(f"{path}, {key}: there is no file {file}.")
    held = file.read_bytes()
    if not held.startswith(BEGINS.get(file.suffix.lower(), b"")) or (file.suffix == ".svg" and b"<svg" not in held):
        raise SourceError(f"{path}, {key}: {name} does not hold what its name says.")
    if len(held) > LARGEST[key]:
        raise SourceError(f"{path}, {key}: {name} has {len(held):,} bytes, expected at most {LARGEST[key]:,}.")
    return held


def _suffix(name) -> str:
    return Path(str(name)).suffix.lower()
