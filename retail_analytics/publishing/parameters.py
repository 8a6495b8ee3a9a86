"""The parameters a notebook declares, checked before anything starts."""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from retail_analytics.errors import ParameterError, UnknownName, WarehouseError
from retail_analytics.language import ENGLISH, known
from retail_analytics.months import after, window
from retail_analytics.publishing import choices
from retail_analytics.warehouse import Warehouse

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NEWEST = "newest"


@dataclass(frozen=True)
class Report:
    """A notebook for executives: what it is called, the tables it cannot do without, its parameters."""

    name: str
    title: str
    path: Path
    needs: tuple[str, ...]
    parameters: dict[str, object]  # name → default, of the type that a value must have


def reports() -> list[str]:
    """The reports there are, by name."""
    return sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@cache
def report(name: str) -> Report:
    """A report by name. Raises UnknownName with the nearest one."""
    path = NOTEBOOKS / f"{name}.ipynb"
    notebook = _read(path)
    facts = _facts(notebook)
    return Report(name, facts["title"], path, tuple(facts["needs"]), _declared(notebook))


def chosen(warehouse: Warehouse, report_name: str, *, last_month: str, months: int, scope: str) -> dict:
    """What a report is asked to show, checked against the data: last_month, months, scope.

    `newest` becomes the newest month that every table the report needs covers completely; `months` is at
    most as far back as they go. Raises ParameterError, UnknownName or WarehouseError with the sentence that
    says what is wrong and what could be asked instead.
    """
    needs = _facts(_read(NOTEBOOKS / f"{report_name}.ipynb"))["needs"]
    newest = _newest(warehouse, report_name, needs)
    wanted = newest if last_month == NEWEST else window(last_month, months)[1]
    if wanted > newest:
        raise ParameterError(
            f"{report_name}: {wanted:%Y-%m} is not complete in the data ({_ends(warehouse, needs)}). "
            f"Newest complete month: {newest:%Y-%m}."
        )
    warehouse.scope(scope)
    oldest = max(warehouse.coverage[t]["covered_from"] for t in needs)
    if wanted < oldest.replace(day=1):
        raise ParameterError(f"{report_name}: {wanted:%Y-%m} lies before the data, which begin on {oldest}.")
    window(wanted, months)  # refuses a number of months that cannot be
    covered = (wanted.year - oldest.year) * 12 + wanted.month - oldest.month + 1
    return {"last_month": f"{wanted:%Y-%m}", "months": min(months, covered), "scope": scope}


def checked(warehouse: Warehouse, asked: Report, values: dict[str, object]) -> dict:
    """The values for a run of a report, complete and checked; values may be text from a command line.

    Raises UnknownName for a parameter that the notebook does not declare, ParameterError for a value that
    is not of its type, and whatever `chosen` raises.
    """
    for name in values:
        if name not in asked.parameters:
            raise UnknownName(f"parameter of {asked.name}", name, asked.parameters)
    typed = asked.parameters | {name: _typed(asked, name, value) for name, value in values.items()}
    known(typed.get("language", ENGLISH))
    if choices.PARAMETER in typed:
        choices.only_kinds(asked.name, typed[choices.PARAMETER])
    if warehouse.known_by and warehouse.known_by > date.today():
        raise ParameterError(f"{asked.name}: known_by is {warehouse.known_by}, which lies in the future.")
    return typed | chosen(warehouse, asked.name, **{name: typed[name] for name in ("last_month", "months", "scope")})


def because(warehouse: Warehouse, asked: Report, values: dict[str, object]) -> str | None:
    """Why `newest` was not the newest month that there is anything of; None if it was, or a month was named."""
    if values.get("last_month", NEWEST) != NEWEST:
        return None
    newest = warehouse.newest_month(asked.needs)
    short = [t for t in asked.needs if warehouse.newest_month((t,)) == newest]
    following = after(newest)
    if max(warehouse.coverage[t]["covered_to"] for t in asked.needs) < following:
        return None
    return (
        f"{newest:%Y-%m}: {_ends(warehouse, short)}, so {following:%Y-%m} is not complete. "
        f"If your files hold all of it, load them again with --covers FIRST LAST."
    )


def nearest(warehouse: Warehouse, asked: Report, values: dict[str, object]) -> dict:
    """The values of a request that was refused, with a month and a scope under which it can be told.

    The month is the one asked for if it is one, else the newest complete one, else that of the newest day.
    """
    try:
        month = window(str(values.get("last_month", NEWEST)), 1)[1]
    except ParameterError:
        try:
            month = warehouse.newest_month(asked.needs)
        except WarehouseError:
            month = max((row["covered_to"] for row in warehouse.coverage.values()), default=date.today())
    return values | {"last_month": f"{month:%Y-%m}", "scope": str(values.get("scope", "all"))}


def _ends(warehouse: Warehouse, tables: Iterable[str]) -> str:
    return ", ".join(f"{t.replace('_', ' ')} end on {warehouse.coverage[t]['covered_to']}" for t in tables)


def _typed(asked: Report, name: str, value: object) -> object:
    if not isinstance(asked.parameters[name], int):
        if isinstance(value, int | float):  # an unquoted 0012 is the number 10 in YAML
            raise ParameterError(f"{asked.name}: {name} is {value}, expected text. Write it in quotes, like \"0012\".")
        return str(value) if isinstance(value, date) else value  # YAML reads an unquoted day as one
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,6}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ParameterError(f"{asked.name}: {name} is '{value}', expected a whole number.")


def _newest(warehouse: Warehouse, report_name: str, needs: list[str]) -> date:
    try:
        return warehouse.newest_month(tuple(needs))
    except WarehouseError as error:
        raise ParameterError(f"{report_name} cannot be published: {error}.") from None


def _read(path: Path) -> dict:
    if not path.is_file():
        raise UnknownName("report", path.stem, reports())
    # Plain JSON: importing nbformat takes longer than many a command.
    return json.loads(path.read_text(encoding="utf-8"))


def _facts(notebook: dict) -> dict:
    return notebook["metadata"]["retail_analytics"]


def _declared(notebook: dict) -> dict[str, object]:
    """The names and values that the cell tagged `parameters` assigns."""
    tagged = (cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", ()))
    found = {}
    for line in ast.parse("".join(next(tagged)["source"])).body:
        match line:
            case ast.AnnAssign(target=ast.Name(name)) | ast.Assign(targets=[ast.Name(name)]):
                found[name] = ast.literal_eval(line.value)
    return found
