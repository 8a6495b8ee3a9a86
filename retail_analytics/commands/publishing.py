"""publish and run: from a warehouse to pages on the shelf."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click

from retail_analytics.commands import json_option, shelf_option, warehouse_option
from retail_analytics.errors import UnknownName, WarehouseError

GOOD = ("published", "unchanged")


@click.command()
@click.argument("report")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="May be given often.")
@click.option("--language", metavar="LANGUAGE", 
              help="Of the page, like de: short for -p language=de.")
@click.option("--pdf", is_flag=True, help="Print it too: a PDF beside the page, the same as the browser's. "
              "Needs a Chromium on the machine; a page without it is published, and the exit code is 1.")
@click.option("--static", is_flag=True, help="For mail: charts drawn beforehand by a Chromium on the machine, "
              "no script in the page.")
@click.option("--shared", is_flag=True, help="For a shelf of many pages: they use one copy of plotly.js and the fonts, "
              "which lies on the shelf; such a page cannot be sent alone.")
@click.option("--again", is_flag=True, help="Run it even when nothing has changed.")
@click.option("--deadline", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Then it is late; 600.")
@click.option("--memory", type=click.FloatRange(0, min_open=True), metavar="GB",
              help="What its processes may hold together; half of the machine's.")
@warehouse_option
@shelf_option
@json_option
def publish(report: str, parameters, language: str | None, pdf: bool, static: bool, shared: bool, again: bool,
            deadline: float | None, memory: float | None, warehouse_dir: Path, reports_dir: Path,
            as_json: bool) -> None:  # fmt: skip
    """Publish one REPORT: run its notebook, check the page, put it on the shelf.

    \b
    Example: retail-analytics publish theft_trends -p scope=Harbour --warehouse data/warehouses/example_grocers
    """
    from retail_analytics.publishing import kernels, run
    from retail_analytics.publishing.forms import Form

    form = Form(static=static, shared=shared, pdf=pdf)
    kernels.warm_up()
    values = dict(_name_and_value(pair) for pair in parameters) | ({"language": language} if language else {})
    given = {"seconds": deadline, "memory": memory and memory * 1e9}
    limits = run.Limits(**{name: value for name, value in given.items() if value})
    done = run.publish(report, values, warehouse=warehouse_dir, reports_dir=reports_dir, form=form, again=again,
                       limits=limits)  # fmt: skip
    index = _index(reports_dir)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2))
    else:
        made = [done.page, done.pdf] if done.end in GOOD else [done.failure_page]
        lines = [done.note, done.missing, *(str(reports_dir / path) for path in made if path), f"Index: {index}"]
        click.echo(f"{report}: {done.end}" + (f". {done.reason}" if done.reason else ""))
        click.echo("\n".join(filter(None, lines)))
    sys.exit(0 if done.well else 1)


@click.command("run")
@click.argument("packs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), help="Reports at the same time; the cores when not given.")
@click.option("--last-month", metavar="YYYY-MM", help="Last month shown; the newest complete one when not given.")
@click.option("--language", metavar="LANGUAGE", help="Of the pages, like de; as the packs say when not given.")
@click.option("--resume", metavar="RUN", help="Go on with an earlier run: what did not end well in it.")
@click.option("--only", type=click.Choice(["failed"]), help="Only what did not end well when it was run last.")
@click.option("--dry-run", is_flag=True, help="Say what would be run and why, and run nothing.")
@shelf_option
@json_option
def run_packs(packs, workers: int | None, last_month: str | None, language: str | None, resume: str | None,
              only: str | None, dry_run: bool, reports_dir: Path, as_json: bool) -> None:  # fmt: skip
    """Publish every report that the PACKS name; what has not changed is left as it is.

    A report is run again when the data that it read, its notebook, the code, a package or its parameters have changed,
    or when its page is missing. The exit code is 0 when every page is there and up to date, 1 when something was not
    published, 2 when the request itself was wrong.

    \b
    Example: retail-analytics run reports/packs/monthly.yaml
             retail-analytics run reports/packs/monthly.yaml --dry-run
             retail-analytics run --resume 20261124T060000-1a2b
    """
    from retail_analytics.publishing import pack

    if bool(packs) == bool(resume):
        raise click.UsageError("Name the packs to run, or with --resume the run to go on with.")
    began = time.monotonic()
    read = (pack.read_pack(path, Path.cwd(), reaching=reaching) for path in packs)
    asked = pack.packs_of(resume, reports_dir) if resume else [*read]
    values = {name: value for name, value in (("last_month", last_month), ("language", language)) if value}
    asked = [pack.with_values(one, values) for one in asked]
    if dry_run:
        for due, becomes in pack.due_now(asked, reports_dir, resumes=resume, only_failed=bool(only)):
            click.echo(f"{due.name}: {becomes}")
        return
    done = pack.run_packs(
        asked, reports_dir=reports_dir, workers=workers, resumes=resume, only_failed=bool(only),
        said=(lambda line: None) if as_json else click.echo,
    )  # fmt: skip
    index = _index(reports_dir).resolve()
    if as_json:
        told = {"run": done.run, "well": done.well, "interrupted": done.interrupted, "index": str(index)}
        told |= {"wrong": [str(one) for one in done.wrong], "runs": [asdict(run) for run in done.ended]}
        click.echo(json.dumps(told, indent=2))
    else:
        ends = [run.end for run in done.ended] + ["refused"] * len(done.wrong)
        counts = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(ends)) or "nothing was due"
        click.echo("".join(f"Error: {error}\n" for error in done.wrong), nl=False)
        click.echo(f"{counts} in {time.monotonic() - began:.0f} s\n\nOpen: {index}")
        if not done.well:
            why = "Interrupted. " if done.interrupted else ""
            click.echo(f"{why}Go on with: retail-analytics run --resume {resume or done.run}")
    sys.exit(0 if done.well else 1)


def reaching(warehouse, *, metric: str, by: str, at_least: float, months: int = 12) -> list[str]:
    """The groups of a breakdown whose value reaches `at_least`, in order: over the last complete months, or of what is
    counted at one moment at the end of the last one.

    Raises UnknownName or ParameterError for a metric that cannot be measured so, WarehouseError for one of which
    the warehouse holds nothing.
    """
    from retail_analytics import compare  # slow to import: only packs that measure wait for it
    from retail_analytics.measure import Metric, Stock, measure
    from retail_analytics.metrics import every_metric

    values = {name: one for name, one in every_metric().items() if isinstance(one, Metric) and one.numerator}
    if metric not in values:
        raise UnknownName("metric with a value for each month", metric, values)
    asked = values[metric]
    last = warehouse.newest_month(tuple(side.table for side in (asked.numerator, asked.denominator) if side))
    measured = measure(warehouse, asked, last_month=last, months=months, by=by)
    if measured.not_recorded:
        raise WarehouseError(f"not recorded: {measured.not_recorded}")
    together = compare.latest if isinstance(asked.numerator, Stock) else compare.summed
    rows = together(measured).rows
    return rows.filter((rows["value"] >= at_least) & rows[by].is_not_null())[by].sort().to_list()


def _index(reports_dir: Path) -> Path:
    from retail_analytics.publishing import shelf  # slow to import: not before the work begins

    return shelf.index(reports_dir)


def _name_and_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise click.UsageError(f"-p {pair}: expected name=value, like -p months=12.")
    return name, value
