"""YAML that a person wrote (a mapping, a plan, a pack): what is not understood is one sentence with its place."""

from pathlib import Path
from typing import Any

import yaml

from retail_analytics.errors import SourceError, did_you_mean


def yaml_of(path: Path) -> tuple[str, Any]:
    """A YAML file as text and as what it says. Raises SourceError with the row if it is none."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: bytes that are no text, a day like 2026-13-01
        where = getattr(error, "problem_mark", None)
        reason = f"row {where.line + 1}" if where else str(error).split(":")[0]
        raise SourceError(f"{path.name} is not YAML: {reason}.") from None


def entries_of(path: Path, name: str, *, keys: set[str], entry_keys: dict[str, set[str]],
               example: str) -> tuple[dict, list[dict]]:
    """What a YAML file says as a whole, and the entries that it lists under `name`.

    `entry_keys` says what an entry may hold by the key that makes it one; `example` is one as one would write it.
    Raises SourceError with the place of what is not understood.
    """
    _, content = yaml_of(path)
    if not isinstance(content, dict) or not isinstance(content.get(name), list) or not content[name]:
        raise SourceError(f"{path}: expected '{name}:' with one line for each, like {example}.")
    only_known(path, content, keys)
    for entry in content[name]:
        needed = next((key for key in entry_keys if isinstance(entry, dict) and key in entry), None)
        if needed is None:
            wanted = " or a ".join(f"'{key}'" for key in entry_keys)
            raise SourceError(f"{path}: each line of '{name}' needs a {wanted}. Found: {entry}.")
        only_known(path, entry, entry_keys[needed])
    return content, content[name]


def only_known(where: str | Path, found: dict, known: set[str]) -> None:
    """Raises SourceError with the nearest key if a written thing has a key that nobody reads."""
    for key in found:
        if key not in known:
            raise SourceError(f"{where}: unknown key '{key}'.{did_you_mean(key, known)}")
