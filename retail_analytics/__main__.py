"""The command line: retail-analytics, or python -m retail_analytics."""

import click

from retail_analytics.commands import asking, loading, publishing
from retail_analytics.errors import WorkbenchError


class Sentences(click.Group):
    """A group that prints an error meant for a person as its sentence, and exits with 2."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except WorkbenchError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="retail-analytics")
def main() -> None:
    """Turn a retailer's device and incident exports into executive risk reports.

    Exit codes: 0 all as asked; 1 something was not published; 2 the request itself was wrong.
    """


for command in (loading.sample, loading.load, loading.map_file, asking.list_things, asking.explain, asking.read_page,
                publishing.publish, publishing.run_packs):  # fmt: skip
    main.add_command(command)


if __name__ == "__main__":
    main()
