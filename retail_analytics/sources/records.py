"""A record, which may hold others → its values as text, each by the path to it (`timeline.incident.year`)."""

import json

from retail_analytics.errors import SourceError

DEEPEST = 20  # records inside records
ENCODER = json.JSONEncoder(default=str, ensure_ascii=False)


def leaves(value, into: dict[str, object], path: str = "", depth: int = 0) -> dict[str, object]:
    """`into`, with the values of a record added by the paths to them."""
    if isinstance(value, dict) and value and depth < DEEPEST:
        for name, inner in value.items():
            leaves(inner, into, f"{path}.{name}" if path else name, depth + 1)
    else:
        into[path] = value
    return into


def as_text(value) -> str:
    """Nothing is empty, a truth value true or false, a list JSON."""
    if isinstance(value, str):
        return storable(value)
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_json(value) if isinstance(value, dict | list) else str(value)


def as_json(value) -> str:
    try:
        return storable(ENCODER.encode(value))
    except RecursionError:
        raise SourceError("A record holds records inside records without end: that is no table.") from None


def storable(text: str) -> str:
    r"""The text; half a character in it (JSON may say \ud83d alone) as it is written there."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()
