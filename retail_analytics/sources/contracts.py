"""What a table must look like: contract/*.yaml, each a Frictionless Table Schema."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from retail_analytics.errors import UnknownName

HERE = Path(__file__).parent / "contract"
SQL_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
TYPE_WORDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "date": "a date"}


@dataclass(frozen=True)
class Contract:
    """What a table must look like; `fields` are the Table Schema's fields by name."""

    table: str
    title: str
    grain: str
    key: tuple[str, ...]
    fields: dict[str, dict]
    order: tuple[tuple[str, str], ...] = ()
    covers: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict)
    withdrawn_by: str | None = None  # the day of a row: a newer file that covers it in full takes back what it lacks
    whole_list: bool = False  # every file is the whole list: a newer one of its name always takes back what it lacks
    closed_by: str | None = None  # the column that gets the day of the newer full file that lacks the row

    @property
    def required(self) -> list[str]:
        return [name for name, f in self.fields.items() if f.get("constraints", {}).get("required")]


@cache
def contracts() -> dict[str, Contract]:
    """Every table that may arrive, by name."""
    found = {}
    for path in sorted(HERE.glob("*.yaml")):
        schema = yaml.safe_load(path.read_text(encoding="utf-8"))
        found[path.stem] = Contract(
            table=path.stem,
            title=schema["title"],
            grain=schema["description"],
            key=tuple(schema["primaryKey"]),
            fields={f["name"]: f for f in schema["fields"]},
            order=tuple(map(tuple, schema.get("order", ()))),
            covers=tuple(schema.get("covers", ())),
            references=schema.get("references", {}),
            withdrawn_by=schema.get("withdrawn_by"),
            whole_list=schema.get("whole_list", False),
            closed_by=schema.get("closed_by"),
        )
    return found


def contract_of(table: str) -> Contract:
    """The contract of a table. Raises UnknownName with the nearest one."""
    if table not in contracts():
        raise UnknownName("table", table, contracts())
    return contracts()[table]


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
