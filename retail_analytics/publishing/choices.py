"""What a reader can choose on a page of all: a region or a store format.

For each choice the cells of the notebook are run again, so that the page shows what a report of the choice would. The
executed notebook holds what they gave beside the outputs for all; in the page it is packed, and its script unpacks it.
"""

from collections.abc import Iterator
from itertools import zip_longest

from retail_analytics.errors import UnknownName
from retail_analytics.warehouse import Warehouse
from retail_analytics.warehouse.scopes import Scope

PARAMETER, NONE = "filters", "none"
KINDS = ("region", "store_format")
MOST = 24  # of a kind: nobody finds one among more, and each costs a run of the cells


def only_kinds(report_name: str, filters: str) -> list[str]:
    """The kinds that a value of the parameter names, like "region, store_format". Raises UnknownName."""
    named = [kind.strip() for kind in filters.split(",")]
    for kind in named:
        if kind not in KINDS and named != [NONE]:
            raise UnknownName(f"filter of {report_name}", kind, [*KINDS, NONE])
    return [kind for kind in KINDS if kind in named]


def offered(warehouse: Warehouse, report_name: str, parameters: dict) -> tuple[Scope, ...]:
    """The scopes to choose from on the page of a run: of each kind, where there are several and not too many of it."""
    if PARAMETER not in parameters or parameters["scope"] != "all":
        return ()
    names = {"region": warehouse.regions, "store_format": warehouse.formats}
    kinds = [kind for kind in only_kinds(report_name, parameters[PARAMETER]) if 1 < len(names[kind]) <= MOST]
    scopes = [warehouse.scope(name) for kind in kinds for name in names[kind]]
    return tuple(scope for scope in dict.fromkeys(scopes) if scope.kind in kinds)


def hold(notebook, choice: Scope, outputs: list[list]) -> None:
    """Put into an executed notebook what its cells gave for a choice, a list of outputs for each."""
    held = notebook.metadata.setdefault("choices", [])
    held.append({"name": choice.name, "kind": choice.kind, "label": choice.label})
    for cell, given in zip(notebook.cells, outputs, strict=True):
        if given:
            cell.metadata.setdefault("choices", {})[choice.name] = given


def held_in(notebook) -> Iterator[tuple[dict, object]]:
    """The choices that an executed notebook holds (name, kind, label), each with the notebook as run for it alone."""
    for choice in notebook.metadata.get("choices", []):
        chosen = notebook.copy()
        chosen.cells = [cell.copy() for cell in notebook.cells]
        for cell in chosen.cells:
            if cell.cell_type == "code":
                cell.outputs = cell.metadata.get("choices", {}).get(choice["name"], [])
        yield choice, chosen


def side_by_side(pages: list[dict[str, list[str]]]) -> dict[str, list[tuple]]:
    """Pages, each as named lists of texts, so that what is alike in them stands together and packs well."""
    return {name: [*zip_longest(*(page[name] for page in pages))] for name in pages[0]}


def apart(columns: dict[str, list[list]]) -> list[dict[str, list[str]]]:
    """The pages that were put side by side, as the script of a page takes them apart."""
    number = max((len(column) for listed in columns.values() for column in listed), default=0)
    return [
        {name: [column[n] for column in listed if column[n] is not None] for name, listed in columns.items()}
        for n in range(number)
    ]
