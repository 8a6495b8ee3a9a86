"""Data in a page, for its scripts and for programs: JSON in an element that no browser runs, plain or packed."""

import base64
import json
import zlib

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

ISLAND = Markup('<script type="application/json" id="{}"{}>{}</script>')
JSON = {"sort_keys": True, "allow_nan": False, "separators": (",", ":")}


def plain(name: str, value) -> Markup:
    """An island that anybody can read."""
    return ISLAND.format(name, "", htmlsafe_json_dumps(value, **JSON))


def packed(name: str, value) -> Markup:
    """The same in a tenth of the room; unpack.js makes it plain in the browser."""
    return ISLAND.format(name, Markup(" data-packed"), Markup(f'"{_letters(value)}"'))


def folded(name: str, value) -> Markup:
    """As packed, and left so until a script wants it."""
    return ISLAND.format(name, "", Markup(f'"{_letters(value)}"'))


def _letters(value) -> str:
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(deflate.compress(json.dumps(value, **JSON).encode()) + deflate.flush()).decode()


def read(text: str):
    """The value of an island, plain or packed, from the text in it. Raises ValueError if it is damaged."""
    value = json.loads(text)
    if isinstance(value, str):
        try:
            value = json.loads(zlib.decompress(base64.b64decode(value), wbits=-zlib.MAX_WBITS))
        except zlib.error as error:
            raise ValueError(str(error)) from None
    return value
