"""The one source of the look: colours in light, in the dark and on paper, type and space, and the contrast they keep.

The style sheet of the pages, the plotly template and JupyterLab's view read them here. Series are ink and grey;
`worse` and `better` mean judged, and nothing else is coloured but a brand's `accent` of rules.
"""

LIGHT = {
    "paper": "#FBF9F4",  # the page
    "sheet": "#F3F0E8",  # a quiet surface: logs, targets
    "ink": "#15212B",  # text, the first series
    "ink2": "#45525D",  # text of second rank
    "ink3": "#5F6B75",  # small print
    "accent": "#15212B",  # thick rules, tags of exhibits, the name in the masthead: a brand may have its own
    "rule": "#CFCABD",  # hairlines that separate
    "ruleh": "#8A8677",  # hairlines that bound a control
    "grid": "#E4E0D5",
    "s2": "#6F7B85",  # the second series
    "s3": "#838D95",  # what cannot be separated from the average
    "band": "#D5D8D8",  # the interval of 95 %
    "fan95": "#E3E4E1",
    "fan80": "#D0D3D3",
    "fan50": "#B7BDC0",
    "hatch": "#858F97",  # provisional or not known
    "worse": "#AD3F0B",
    "better": "#1D5C9E",
    "h1": "#F1EEE5",  # heat, neutral, with the text of its darker steps
    "h2": "#DDDFDC",
    "h3": "#BFC6C9",
    "h4": "#929DA4",
    "h5": "#4C5963",
    "h6": "#1F2C37",
    "h3t": "#15212B",
    "h4t": "#15212B",
    "h5t": "#FFFFFF",
    "h6t": "#FFFFFF",
}
DARK = {
    "paper": "#11181E",
    "sheet": "#1A232B",
    "ink": "#EFECE4",
    "ink2": "#BCC4CA",
    "ink3": "#9BA6AE",
    "accent": "#EFECE4",
    "rule": "#35414B",
    "ruleh": "#74818B",
    "grid": "#26313A",
    "s2": "#98A4AD",
    "s3": "#7A8791",
    "band": "#34414B",
    "fan95": "#222D36",
    "fan80": "#2F3B45",
    "fan50": "#465460",
    "hatch": "#7F8C96",
    "worse": "#F2A15A",
    "better": "#7FB8EF",
    "h1": "#1A232B",
    "h2": "#29343D",
    "h3": "#3D4A55",
    "h4": "#66747F",
    "h5": "#A9B4BC",
    "h6": "#E9E6DE",
    "h3t": "#EFECE4",
    "h4t": "#FFFFFF",
    "h5t": "#11181E",
    "h6t": "#11181E",
}
ON_PAPER = {"paper": "#FFFFFF", "sheet": "#F6F4EE"}  # the rest is as in light

SERIF = '"Workbench Serif", Georgia, "Times New Roman", "Liberation Serif", serif'
SANS = '"Workbench Sans", "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif'
MONO = 'ui-monospace, "Cascadia Mono", Consolas, "Liberation Mono", monospace'
TYPE = {
    "small": ".8125rem",
    "note": ".875rem",
    "text": "1rem",
    "lead": "1.125rem",
    "exhibit": "1.375rem",
    "section": "1.75rem",
    "headline": "2.125rem",
    "number": "2.625rem",
    "serif": SERIF,
    "sans": SANS,
    "mono": MONO,
}
SPACE = {"x1": "4px", "x2": "8px", "x3": "12px", "x4": "16px", "x5": "24px", "x6": "32px", "x7": "48px", "x8": "72px"}

MAIN, TEXT, MARK = 7, 4.5, 3  # the least contrast: of the main text, of other text, of marks and borders
NEEDED = (
    *(("ink", ground, MAIN) for ground in ("paper", "sheet")),
    *((text, ground, TEXT) for text in ("ink2", "ink3", "accent", "worse", "better") for ground in ("paper", "sheet")),
    *((mark, "paper", MARK) for mark in ("s2", "s3", "hatch", "ruleh")),
    ("ink", "band", MARK),
    *(("ink", ground, TEXT) for ground in ("h1", "h2")),
    *((f"{ground}t", ground, TEXT) for ground in ("h3", "h4", "h5", "h6")),
)


def css(light: dict = LIGHT, dark: dict = DARK) -> str:
    """The tokens as custom properties: light first, then the dark of a screen, then paper."""
    return (
        f":root {{ color-scheme: light; {_properties(light | TYPE | SPACE)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {_properties(dark)} }} }}\n"
        f"@media print {{ :root {{ {_properties(ON_PAPER)} }} }}\n"
    )


def too_faint(colours: dict) -> list[tuple[str, str, float, float]]:
    """The pairs of a set of colours that miss their contrast: what, on which, its contrast, what it needs."""
    found = ((what, ground, contrast(colours[what], colours[ground]), least) for what, ground, least in NEEDED)
    return [pair for pair in found if pair[2] < pair[3]]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours like #15212B as WCAG reckons it, from 1 (equal) to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _properties(tokens: dict) -> str:
    return " ".join(f"--{name}: {value};" for name, value in tokens.items())
