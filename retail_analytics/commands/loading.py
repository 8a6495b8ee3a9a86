"""sample, load and map: from files to a warehouse."""

import json
import re
import shlex
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from retail_analytics.commands import json_option, print_rows, warehouse_option
from retail_analytics.errors import WorkbenchError

BECAME = {  # what became of the rows of a file beside what was known before
    "new": "{} new",
    "updated": "{} updated, what was known before is kept",
    "confirmed": "{} as known before",
    "overruled": "{} overruled by a newer export",
    "withdrawn": "{} withdrawn, which it no longer has",
    "closed": "{} closed, not deleted, which it no longer lists",
    "corrected": "{} corrected",
}
DAY = click.DateTime(["%Y-%m-%d"])


def _share(written: str) -> float:
    """0.01 of '1%'."""
    number = written.strip().removesuffix("%").strip()
    if not written.strip().endswith("%") or not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", number) or float(number) > 100:
        raise WorkbenchError(f"--max-refused is '{written}', expected a share like 1% or 0.5%.")
    return float(number) / 100


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--stores", default=120, show_default=True, type=click.IntRange(6, 5000))
@click.option("--years", default=3, show_default=True, type=click.IntRange(1, 10))
@click.option("--seed", default=1, show_default=True, type=int)
def sample(folder: Path, stores: int, years: int, seed: int) -> None:
    """Write the exports of a fictional retailer, Example Grocers, to FOLDER/exports.

    The same seed gives the same bytes. What is really true of it goes to FOLDER/truth, which nothing reads.

    \b
    Example: retail-analytics sample data/sample --stores 40 --years 2
    """
    from retail_analytics.sample import write

    plan = folder / "exports" / "load.yaml"
    if any(folder.glob("*")) and not (plan.is_file() and plan.read_bytes().startswith(b"title: Example Grocers\n")):
        raise WorkbenchError(f"{folder} holds files of another origin. Name a new folder, so that none is overwritten.")
    click.echo(f"Writing {stores} stores and {years} years to {folder} …")
    exports = write(folder, stores=stores, years=years, seed=seed)
    files = list(exports.glob("*.csv"))
    click.echo(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.0f} MB. "
               f"Next: retail-analytics load {exports}")  # fmt: skip


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--mapping", default="own", show_default=True, metavar="NAME_OR_FILE", help="The format of the files.")
@click.option("--table", metavar="TABLE", help="The table, when neither mapping nor file name says it.")
@click.option("--name", metavar="NAME", help="The export that a single FILE is the newest edition of: its name before.")
@click.option("--known-on", type=DAY, help="Day of the export; today when not given.")
@click.option("--covers", type=DAY, nargs=2, metavar="FIRST LAST",
              help="Days that the files hold in full: what an earlier edition had there and they lack is withdrawn.")
@click.option("--title", help="What the warehouse is about; shown on every page.")
@click.option("--strict", is_flag=True, help="Publish nothing when a single row is refused.")
@click.option("--max-refused", type=_share, metavar="SHARE", help="Publish nothing when more of a file is refused: 1%.")
@click.option("--refused", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write refused rows.")
@click.option("--from", "base", metavar="SNAPSHOT", help="Go on from an older snapshot; alone, go back to it.")
@warehouse_option
@json_option
def load(files, mapping, table, name, known_on: datetime | None, covers, title, strict: bool,
         max_refused: float | None, refused: Path | None, base: str | None, warehouse_dir: Path, as_json: bool) -> None:
    """Check FILES and publish them as a new snapshot of the warehouse.

    A folder is read by its load.yaml, which says which file is what. Every row is kept, left out by the
    mapping, merged with an equal row before it, or refused with file, row and reason. Exit code 1 when too many
    rows were refused, and nothing was published.

    A newer export updates rows by their key; what was known before stays known. One that holds days in full
    (--covers) withdraws the rows of its earlier editions that it no longer has there; a device that a full list no
    longer has is closed, not deleted. Editions of one export are called the same.

    \b
    Examples:
      retail-analytics load data/sample/exports --warehouse data/warehouses/example_grocers
      retail-analytics load stores.csv devices.csv incidents.csv --title "Corner Shops"
      retail-analytics load kiosks.csv --mapping linknyc_kiosks --known-on 2026-11-15
      retail-analytics load incidents.csv --covers 2024-01-01 2026-10-31
      retail-analytics load march_again.csv --table incidents --name march.csv --covers 2026-03-01 2026-03-31
    """
    from retail_analytics.sources.plan import read_plan, source_file
    from retail_analytics.warehouse import load as load_files

    if not files and not base:
        raise click.UsageError("Name the files to load, or the folder of a load.yaml.")
    plans = [read_plan(path) for path in files if path.is_dir() or path.name == "load.yaml"]
    single = [path for path in files if not (path.is_dir() or path.name == "load.yaml")]
    wanted = [file for _, planned in plans for file in planned]
    day, days = known_on and known_on.date(), [day.date() for day in covers] if covers else None
    if day and day > date.today():
        raise WorkbenchError(f"--known-on is {day}, which lies in the future. Give the day on which it was exported.")
    if plans and not single and (day or days):
        raise WorkbenchError("--known-on and --covers are for single files. Write a folder's into its load.yaml.")
    if name and (plans or len(single) != 1):
        raise WorkbenchError("--name is for one single file. Write a folder's into its load.yaml.")
    options = {"mapping": mapping, "table": table, "known_on": day, "covers": days, "name": name}
    wanted += [source_file(path, **options) for path in single]
    said = (lambda _: None) if as_json else (lambda line: click.echo(f"  {line}", err=True))
    account = load_files(
        warehouse_dir, wanted, title=title or (plans[0][0] if plans else None), base=base, said=said,
        most_refused=0.0 if strict else 1.0 if max_refused is None else max_refused, refused_to=refused,
        command=shlex.join(["retail-analytics", *sys.argv[1:]]),
    )  # fmt: skip
    if as_json:
        click.echo(json.dumps(asdict(account), indent=2))
    else:
        _print_account(account, warehouse_dir, refused)
    sys.exit(1 if account.held_back else 0)


@click.command("map")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--table", required=True, metavar="TABLE", help="The table that the file is to become.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The mapping.")
@click.option("--delimiter", help="What separates the fields, when the header does not show it.")
@click.option("--encoding", help="How the text is encoded, when it is not UTF-8.")
def map_file(file: Path, table: str, output: Path, delimiter: str | None, encoding: str | None) -> None:
    """Propose a mapping for an unknown export and write it, commented, to be checked and loaded with.

    On a terminal each guess is shown with its confidence, its reasons and some values: Enter takes it, another
    of their column names replaces it, - leaves ours out. Elsewhere only guesses of 75 % or more are taken, and a
    required column without one is an error that names the nearest.

    \b
    Example: retail-analytics map their_cases.csv --table incidents -o their_cases.yaml
    """
    from retail_analytics.sources.contracts import contract_of
    from retail_analytics.sources.files import read_file
    from retail_analytics.sources.proposing import as_yaml, every_guess, looked_at, proposed, sure_ones

    contract = contract_of(table)
    is_yaml = output.suffix in (".yaml", ".yml")
    if not is_yaml or output.exists():
        wrong = "is there already" if is_yaml else "is no YAML file"
        raise WorkbenchError(f"{output} {wrong}. Name a new file that ends in .yaml.")
    reads = {key: value for key, value in (("delimiter", delimiter), ("encoding", encoding)) if value}
    text = read_file(file, reads, said_in="options")
    rows = looked_at(text)
    every = every_guess(contract, text.header, rows)
    guesses = proposed(contract, every)
    if sys.stdin.isatty():
        guesses = [_asked(contract, one, text.header, rows) for one in guesses]
    else:
        guesses = sure_ones(contract, guesses, every)
    output.write_text(as_yaml(contract, file.stem, guesses, text.header, reads), encoding="utf-8")
    mapped = sum(bool(one.column) for one in guesses)
    click.echo(f"{output}: {mapped} of {len(guesses)} columns of {table}. Check it, then: "
               f"retail-analytics load {file} --mapping {output}")  # fmt: skip


def _asked(contract, guess, header: list[str], rows):
    """The guess as a person at the terminal wants it."""
    from retail_analytics.sources.proposing import answered

    needed = ", required" if guess.ours in contract.required else ""
    click.echo(f"\n{guess.ours} ({contract.fields[guess.ours]['description']}{needed})")
    if guess.theirs is None and guess.column:
        click.echo(f"  {guess.why}: {guess.column}")
        return guess
    if guess.column:
        click.echo(f"  {guess.theirs}: {guess.confidence:.0%}. {guess.why}. Values: {', '.join(guess.examples)}")
    while True:
        answer = click.prompt("  their column, or - for none", default=guess.theirs or "-")
        try:
            taken = answered(contract, guess, answer, header, rows)
        except WorkbenchError as error:
            click.echo(f"  {error}")
            continue
        if len(taken.formats) > 1:
            chosen = click.prompt("  how are the days written", type=click.Choice(taken.formats))
            return taken.written(chosen)
        return taken


def _print_account(account, warehouse_dir: Path, refused_to: Path | None) -> None:
    shown = [
        {"file": f.file, "table": f.table, "read": f.read, "kept": f.kept, "refused": f.refused, "merged": f.merged,
         "left out": f.left_out, "": "no rows" if not f.read else f.outcome.replace("loaded", "")}
        for f in account.files
    ]  # fmt: skip
    print_rows(shown)
    for f in account.files:
        became = [said.format(f"{n:,}") for name, said in BECAME.items() if (n := getattr(f, name))]
        if became and became != [BECAME["new"].format(f"{f.kept:,}")]:
            click.echo(f"{f.file}: {'; '.join(became)}")
    for f in account.files:
        for column in f.unused:
            click.echo(f"{f.file}: column not used: {column}")
        if f.outcome == "loaded":
            for reason, count in list(f.reasons.items())[:5]:
                click.echo(f"{f.file}: {count:,} × {reason}")
            if len(f.reasons) > 5:
                click.echo(f"{f.file}: {len(f.reasons) - 5} further reasons")
    if refused_to:
        click.echo(f"Every refused row, with its line, reasons and text, is in {refused_to}.")
    elif any(f.refused for f in account.files):
        click.echo("Every refused row, with its line and text, is in the table refused of the snapshot "
                   "(--refused FILE writes them as CSV).")  # fmt: skip
    if account.held_back:
        current = f"Snapshot {account.snapshot} is still current." if account.snapshot else ""
        click.echo(f"Not published. {account.held_back} {current}")
        return
    if account.published:
        from retail_analytics.tolerances import doubts  # metrics are slow to import
        from retail_analytics.warehouse import open_warehouse

        for sentence in doubts(open_warehouse(warehouse_dir)):
            click.echo(sentence)
    if account.retired:
        click.echo(f"{len(account.retired)} older snapshots were removed; the last 10 and one a month stay.")
    was = "published" if account.published else "is still current: nothing new in these files"
    click.echo(f"Snapshot {account.snapshot} {was} in {warehouse_dir}")
