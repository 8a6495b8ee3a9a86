"""publish and run: from a warehouse to pages on the shelf."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click

from retail_analytics.commands import json_option, shelf_option, warehouse_option


@click.command()
@click.argument("report")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="May be given often.")
@click.option("--again", is_flag=True, help="Run it even when nothing has changed.")
@warehouse_option
@shelf_option
@json_option
def publish(report: str, parameters, again: bool, warehouse_dir: Path, reports_dir: Path, as_json: bool) -> None:
    """Publish one REPORT: run its notebook, check the page, put it on the shelf.

    \b
    Example: retail-analytics publish theft_trends -p region=Harbour --warehouse data/warehouses/example_grocers
    """
    from retail_analytics.publishing import run, shelf

    values = dict(_name_and_value(pair) for pair in parameters)
    done = run.publish(report, values, warehouse=warehouse_dir, reports_dir=reports_dir, again=again)
    index = shelf.index(reports_dir)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2))
    else:
        page = reports_dir / (done.page if done.end in ("published", "unchanged") else done.failure_page)
        click.echo(f"{report}: {done.end}" + (f". {done.reason}" if done.reason else ""))
        click.echo(f"{done.note}\n" * bool(done.note) + f"{page}\nIndex: {index}")
    sys.exit(0 if done.end in ("published", "unchanged") else 1)


@click.command("run")
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), help="Reports at the same time; the cores when not given.")
@shelf_option
def run_packs(packs: tuple[Path, ...], workers: int | None, reports_dir: Path) -> None:
    """Publish every report that the PACKS name; what has not changed is left as it is.

    \b
    Example: retail-analytics run reports/packs/monthly.yaml
    """
    from retail_analytics.publishing import shelf
    from retail_analytics.publishing.pack import read_pack, run_pack
    from retail_analytics.publishing.run import Run

    began = time.monotonic()
    due = [one for pack in packs for one in read_pack(pack, Path.cwd())]
    shelf.make(reports_dir)
    click.echo(f"{len(due)} reports due")
    ended = run_pack(due, reports_dir=reports_dir, workers=workers, said=lambda line: click.echo(f"  {line}"))
    ends = [run.end if isinstance(run, Run) else "refused" for run in ended]
    counts = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(ends))
    click.echo(f"{counts} in {time.monotonic() - began:.0f} s\n\nOpen: {shelf.index(reports_dir).resolve()}")
    sys.exit(0 if set(ends) <= {"published", "unchanged"} else 1)


def _name_and_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise click.UsageError(f"-p {pair}: expected name=value, like -p months=12.")
    return name, value
