"""What a report is about: all, a region, a store format, or a store by its id; and what a table holds of each."""

from dataclasses import dataclass
from hashlib import sha256

from retail_analytics.language import phrase
from retail_analytics.sources.contracts import quoted

FOR_ALL = {"controls"}  # what is assessed for the company as a whole, without a store, counts in every store
REGIONS = "SELECT region FROM stores UNION SELECT region FROM incident_days UNION SELECT region FROM devices"


@dataclass(frozen=True)
class Scope:
    """`name` is how it is asked for: all, a region's name, a format's, a store_id; `label` is how readers know it."""

    name: str = "all"
    kind: str = "all"  # all, region, store_format or store
    label: str = "all"
    region: str | None = None  # the region itself, or the one in which the store, or every store of the format, lies
    store_format: str | None = None  # the format itself, or that of the store

    def __str__(self) -> str:
        """As a sentence names it: region Harbour; store format express; store 0012 Harbour Mall."""
        return phrase(self.label) if self.kind == "all" else f"{phrase(self.kind.replace('_', ' '))} {self.label}"

    @property
    def within(self) -> tuple[str, ...]:
        """The scopes whose rules hold for it, the narrowest first: 0012, Harbour, express, all."""
        names = (self.name, self.region, self.store_format, "all")
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def alone(self) -> tuple[str, ...]:
        """The breakdowns in which there is nothing beside it to compare it with."""
        of_store = ("region", "store_format", "store", "store_id")
        return {"region": ("region",), "store_format": ("store_format",), "store": of_store}.get(self.kind, ())

    def holds(self, store: "Scope") -> bool:
        """Whether a store is in it."""
        own = {"region": store.region, "store_format": store.store_format, "store": store.name}
        return self.kind == "all" or own.get(self.kind) == self.name

    def column(self, columns) -> str | None:
        """Of a table's columns the one by which its rows are told apart for it; None if no part of it is its own."""
        telling = ("store_format",) if self.kind == "store_format" else ("region",)
        if self.kind == "store" and "region" in columns:
            telling = ("store_id", "region")
        return next((column for column in telling if column in columns), None)

    @property
    def slug(self) -> str:
        """For the name of a file; "" of all. That of a store or format is no region's and no other's."""
        plain = "".join(c if c.isalnum() else "-" for c in self.name)
        mark = f"-{sha256(self.name.encode()).hexdigest()[:6]}"
        if self.kind in ("store", "store_format"):
            return f"{self.kind.removeprefix('store_')}-{plain}" + ("" if plain == self.name else mark)
        slug = "-".join(part for part in plain.lower().split("-") if part)
        taken = slug.startswith(("store-", "format-")) or not slug
        return "" if self.kind == "all" else slug + (mark if taken else "")


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
