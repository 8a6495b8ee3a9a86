"""What a report is about: all, a region, or a store by its id; and what a table holds of each."""

from dataclasses import dataclass
from hashlib import sha256

from retail_analytics.sources.contracts import quoted

FOR_ALL = {"controls"}  # what is assessed for the company as a whole, without a store, counts in every store
REGIONS = "SELECT region FROM stores UNION SELECT region FROM incidents UNION SELECT region FROM devices"


@dataclass(frozen=True)
class Scope:
    """`name` is how it is asked for: all, a region's name, a store_id; `label` is how readers know it."""

    name: str = "all"
    kind: str = "all"  # all, region or store
    label: str = "all"
    region: str | None = None  # the region itself, or the one of the store

    def __str__(self) -> str:
        """As a sentence names it: region Harbour; store 0012 Harbour Mall."""
        return self.label if self.kind == "all" else f"{self.kind} {self.label}"

    @property
    def within(self) -> tuple[str, ...]:
        """The scopes whose rules and notes hold for it, the narrowest first: 0012, Harbour, all."""
        return tuple(dict.fromkeys(name for name in (self.name, self.region, "all") if name is not None))

    @property
    def alone(self) -> tuple[str, ...]:
        """The breakdowns in which there is nothing beside it to compare it with."""
        return {"region": ("region",), "store": ("region", "store", "store_id")}.get(self.kind, ())

    @property
    def slug(self) -> str:
        """For the name of a file; "" of all. That of a store is no region's and no other store's."""
        plain = "".join(c if c.isalnum() else "-" for c in self.name)
        mark = f"-{sha256(self.name.encode()).hexdigest()[:6]}"
        if self.kind == "store":
            return f"store-{plain}" + ("" if plain == self.name else mark)
        slug = "-".join(part for part in plain.lower().split("-") if part)
        return "" if self.kind == "all" else slug + (mark if slug.startswith("store-") or not slug else "")


ALL = Scope()


def contents(con, name: str, column: str | None) -> dict[str | None, str]:
    """What the rows of a cleaned table are, by the values of one of its columns, as short texts.

    The same rows give the same text, in whatever snapshot and order. How many rows a table has is no part of that of
    `coverage`: it tells of all regions.
    """
    columns = "* EXCLUDE row_count" if name == "coverage" else "*"
    found = con.execute(
        f"SELECT {quoted(column) if column else 'NULL'}, count(*), sum(hash(t)) "
        f"FROM (SELECT {columns} FROM {quoted(name)}) t GROUP BY ALL"
    ).fetchall()
    return {which: f"{rows}-{(total or 0) % 2**64:x}" for which, rows, total in found}
