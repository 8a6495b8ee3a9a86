"""The contracts as a page to read: data/tables.md, kept equal by a test. `python -m` this module prints it."""

from retail_analytics.sources.contracts import TYPE_WORDS, Contract, contracts

HEAD = """# The tables that may arrive

What a file in our own column names holds, or what a mapping makes of another system's. Every rule is checked for every
row; a row that breaks one is refused with all its reasons, and the rest is loaded. Of two rows of a file with the same
key the second is refused. A row of a newer file is the newest word on its key, and what was known before stays known:
every word stands in `history_<table>`, the newest in `raw_<table>`. Empty means not known, never 0.
`retail-analytics list tables --template DIR` writes a file for each, with one example row.
"""
COLUMNS = "| column | type | what it is | rules | example |\n|---|---|---|---|---|"


def page_of_tables() -> str:
    """Markdown: for each table its grain and key, and for each column its type, its rules and an example."""
    return HEAD + "".join(_section(contract) for contract in contracts().values())


def _section(contract: Contract) -> str:
    key = ", ".join(f"`{name}`" for name in contract.key)
    said = f"`{contract.table}`: {contract.grain}. Key: {key}.{_when_gone(contract)}\n"
    lines = [f"\n## {contract.title}\n", said, COLUMNS]
    for name, f in contract.fields.items():
        kind = TYPE_WORDS.get(f["type"], "text").removeprefix("a ")
        example = f"`{f['example']}`" if f.get("example") else ""
        lines.append(f"| `{name}` | {kind} | {f['description']} | {'; '.join(_rules(contract, name))} | {example} |")
    return "\n".join([*lines, ""])


def _when_gone(contract: Contract) -> str:
    if contract.whole_list:
        return " Every file is the whole list: a newer one of the same name takes back what it lacks."
    if contract.withdrawn_by:
        return f" A newer edition of a file that holds days (`{contract.withdrawn_by}`) in full withdraws the rest."
    return f" A newer full list sets `{contract.closed_by}` where it lacks a row." if contract.closed_by else ""


def _rules(contract: Contract, name: str) -> list[str]:
    limits = contract.fields[name].get("constraints", {})
    rules = ["required"] if limits.get("required") else []
    if "enum" in limits:
        rules.append("one of " + ", ".join(limits["enum"]))
    if "pattern" in limits:
        rules.append("looks like the example")
    bounds = {"minimum": "at least", "maximum": "at most"}
    rules += [f"{words} {limits[bound]}" for bound, words in bounds.items() if bound in limits]
    if name in contract.covers:
        rules.append("not after the day of the file")
    rules += [f"not before `{first}`" for first, second in contract.order if second == name]
    if name in contract.references:
        rules.append(f"in the table `{contract.references[name]}`, if that holds rows")
    return rules


if __name__ == "__main__":
    print(page_of_tables(), end="")
