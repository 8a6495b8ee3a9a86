"""One export format in our words: mappings/*.yaml, or a YAML file of your own, checked when it is read."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from retail_analytics.errors import SourceError, UnknownName, did_you_mean
from retail_analytics.sources.contracts import Contract, contract_of
from retail_analytics.sources.notations import check_notation
from retail_analytics.sources.written import only_known, yaml_of

HERE = Path(__file__).parent / "mappings"
MAPPING_KEYS = {"title", "source", "table", "reads", "unpivot", "optional", "leave_out", "columns"}
PART_KEYS = {  # of a mapping's parts: the keys it may have, those it must have
    "reads": ({"delimiter", "encoding", "member", "sheet", "header_row", "totals_row"}, set()),
    "unpivot": ({"columns", "name", "value"}, {"columns", "name", "value"}),
    "leave_out": ({"when", "because"}, {"when"}),
}
COLUMN_KEYS = {"from", "values", "otherwise", "format", "zone", "number", "constant", "sql"}


@dataclass(frozen=True)
class Mapping:
    """One export format in our words. `columns` is None for our own column names."""

    name: str
    title: str
    source: str
    table: str | None
    columns: dict[str, dict] | None
    reads: dict = field(default_factory=dict)
    unpivot: dict | None = None
    leave_out: dict | None = None
    optional: tuple[str, ...] = ()  # columns that a file may lack
    text: str = ""  # the file's own text, so that a changed mapping is seen


def mapping_names() -> list[str]:
    """The mappings that come with the workbench."""
    return sorted(path.stem for path in HERE.glob("*.yaml"))


def read_mapping(name_or_file: str, *, beside: Path | None = None) -> Mapping:
    """A mapping by name, or from a YAML file of your own (`beside`: the folder a relative path starts in).

    Raises SourceError or UnknownName with the nearest name if a key, table or column is not known.
    """
    own_file = (beside or Path()) / name_or_file
    path = own_file if own_file.suffix in (".yaml", ".yml") else HERE / f"{name_or_file}.yaml"
    if not path.is_file():
        raise UnknownName("mapping", name_or_file, mapping_names())
    text, content = yaml_of(path)
    if not isinstance(content, dict) or not isinstance(content.get("table"), str):
        raise SourceError(f"{path.name} is not a mapping: it has no line 'table: …' that names one of our tables.")
    only_known(path.name, content, MAPPING_KEYS)
    for part, (allowed, needed) in PART_KEYS.items():
        found = content.get(part) or {}
        if not isinstance(found, dict) or (part in content and not needed <= set(found)):
            raise SourceError(f"{path.name}, {part}: expected {', '.join(sorted(needed or allowed))}.")
        only_known(f"{path.name}, {part}", found, allowed)
    optional = content.get("optional") or []
    if not isinstance(optional, list) or not all(isinstance(name, str) for name in optional):
        raise SourceError(f"{path.name}: optional is a list of their columns that a file may lack, like [Region].")
    table = None if content["table"] == "any" else content["table"]
    columns = content.get("columns")
    if not isinstance(columns, dict | None):
        raise SourceError(f"{path.name}: columns must be lines like 'store_id: Store No'.")
    if table:
        contract = contract_of(table)
        if not columns:
            raise SourceError(f"{path.name}: 'columns' is missing. Write a line for each, like 'store_id: Store No'.")
        columns = {ours: _column(path.name, contract, ours, theirs) for ours, theirs in columns.items()}
    return Mapping(
        name=path.stem,
        title=content.get("title", path.stem),
        source=content.get("source", ""),
        table=table,
        columns=columns,
        reads=content.get("reads") or {},
        unpivot=content.get("unpivot"),
        leave_out=content.get("leave_out"),
        optional=tuple(optional),
        text=text,
    )


def sees_all_rows(mapping: Mapping) -> bool:
    """Whether a mapping's SQL may look at other rows than its own, so that a file cannot be checked in batches."""
    written = [column.get("sql") for column in (mapping.columns or {}).values()]
    written.append((mapping.leave_out or {}).get("when"))
    return any(re.search(r"\b(over|select)\b", str(sql), re.IGNORECASE) for sql in written)


def _column(file: str, contract: Contract, ours: str, theirs) -> dict:
    if ours not in contract.fields:
        raise SourceError(
            f"{file}: '{ours}' is not a column of {contract.table}.{did_you_mean(ours, contract.fields)}"
        )
    column = theirs if isinstance(theirs, dict) else {"from": theirs}
    only_known(f"{file}, column {ours}", column, COLUMN_KEYS)
    if len({"from", "constant", "sql"} & set(column)) != 1:
        raise SourceError(f"{file}, column {ours}: say where it comes from: one of from, constant, sql.")
    if not isinstance(column.get("values", {}), dict) or not isinstance(column.get("format", ""), str | list):
        raise SourceError(f"{file}, column {ours}: values are lines 'theirs: ours', a format is text like '%m/%d/%Y'.")
    check_notation(f"{file}, column {ours}", contract.fields[ours], column)
    return column
