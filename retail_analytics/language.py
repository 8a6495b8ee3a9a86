"""The language of a report: English stands in the code; any other is a catalogue of messages, locale/<language>.po.

What a reader sees is written with `phrase` and `phrase_for`, numbers and days with what stands here, so that one call
of `speak` at the beginning of a report changes it all. It holds for the process. What has no translation stays English.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from gettext import c2py
from pathlib import Path

from retail_analytics.errors import UnknownName

ENGLISH = "en"
FOLDER = Path(__file__).parent / "locale"

_spoken = ENGLISH


def languages() -> list[str]:
    """The languages there are."""
    return sorted([ENGLISH, *(path.stem for path in FOLDER.glob("*.po"))])


def known(language: str) -> str:
    """The language, if there is a catalogue of it. Raises UnknownName with those there are."""
    if language != ENGLISH and language not in languages():
        raise UnknownName("language", language, languages())
    return language


def speak(language: str) -> None:
    """From here on, this process speaks the language. Raises UnknownName with those there are."""
    global _spoken
    _spoken = known(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """The language for as long as the block lasts."""
    before = spoken()
    speak(language)
    try:
        yield
    finally:
        speak(before)


def spoken() -> str:
    """The language that is spoken: en, de."""
    return _spoken


def name_of(language: str) -> str:
    """Deutsch: a language as those who speak it call it; of one that is not known its code."""
    return _locale(language).get_display_name() if language in languages() else language


def phrase(message: str, /, **places) -> str:
    """The message in the language that is spoken, with its {places} filled; a translation may use any of them."""
    if _spoken != ENGLISH:
        message = _messages(_spoken).get(message, (message,))[0]
    return message.format_map(places) if places else message


def phrase_for(n: float, one: str, many: str, /, **places) -> str:
    """The message for so many things; the catalogue of another language may have more than two forms."""
    message = one if n == 1 else many
    if _spoken != ENGLISH and one in _messages(_spoken):
        message = _messages(_spoken)[one][_form_for(_spoken)(round(n) if n == round(n) else 2)]
    return message.format_map(places) if places else message


def in_words(metric):
    """A metric or duration as the language that is spoken names and defines it."""
    if _spoken == ENGLISH:
        return metric
    return replace(metric, **{name: phrase(getattr(metric, name)) for name in SAID if hasattr(metric, name)})


SAID = ("label", "unit", "definition", "is_open", "ends")  # what of a metric or duration stands in sentences


def message(text: str, many: str | None = None) -> str:
    """A text that is not spoken here: so that it gets into the catalogues, with its plural if it has one."""
    return text


def decimal(x: float, decimals: int = 0) -> str:
    """1,234.5; 1.234,5: a number that is not negative, with so many decimals."""
    rounded = f"{x:,.{decimals}f}" if decimals else f"{x:,.0f}"
    if _spoken == ENGLISH:
        return rounded
    from babel.numbers import format_decimal  # slow to import: English does without

    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(Decimal(rounded.replace(",", "")), format=pattern, locale=_spoken)


def in_hundred(number: str) -> str:
    """21 %: a number with its sign of percent."""
    if _spoken == ENGLISH:
        return f"{number} %"
    return re.sub("[#,.0]+", number, _locale(_spoken).percent_formats[None].pattern).replace("\u00a0", " ")


def written(day: date, english: str, skeleton: str) -> str:
    """A day as strftime writes it in English, and in another language as it orders the parts of a CLDR skeleton."""
    if _spoken == ENGLISH:
        return day.strftime(english)
    from babel.dates import format_skeleton

    return format_skeleton(skeleton, day, locale=_spoken)


def weekday(number: int, width: str = "wide") -> str:
    """Monday for 1; width "abbreviated": Mon."""
    if _spoken == ENGLISH:
        name = WEEKDAYS[number - 1]
        return name if width == "wide" else name[:3]
    return _locale(_spoken).days["stand-alone"][width][number - 1]


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def of_plotly() -> dict | None:
    """What plotly.js must know to write the days of an axis; None in English, which it speaks itself."""
    if _spoken == ENGLISH:
        return None
    months = _locale(_spoken).months["stand-alone"]
    signs = _locale(_spoken).number_symbols["latn"]
    wide, short = (list(months[width].values()) for width in ("wide", "abbreviated"))
    form = {"months": wide, "shortMonths": short, "decimal": signs["decimal"], "thousands": signs["group"]}
    return {"name": _spoken, "format": form}


@cache
def _locale(language: str):
    from babel import Locale

    return Locale.parse(language)


@cache
def _catalogue(language: str):
    from babel.messages.pofile import read_po

    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def _form_for(language: str) -> Callable[[int], int]:
    """Which form a message with a plural takes for a number, as the catalogue's head says."""
    return c2py(_catalogue(language).plural_expr)


@cache
def _messages(language: str) -> dict[str, tuple[str, ...]]:
    """The translations of a catalogue by message: of a message with a plural all its forms."""
    found = {}
    for one in _catalogue(language):
        strings = one.string if isinstance(one.string, tuple) else (one.string,)
        if one.id and all(strings) and not one.fuzzy:
            found[one.id[0] if isinstance(one.id, tuple) else one.id] = strings
    return found
