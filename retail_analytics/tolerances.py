"""The values that owners agreed, held against the metrics there are: a loader knows no metric, so it is told here."""

from retail_analytics.errors import did_you_mean
from retail_analytics.metrics import every_metric
from retail_analytics.sources.contracts import contracts
from retail_analytics.warehouse import Warehouse

CLOCK = "known_exploited_clock"  # no metric, but the days that tables/findings.sql counts, by exposure


def doubts(warehouse: Warehouse) -> list[str]:
    """A sentence for each agreed value that nothing is judged against as it is written."""
    metrics = every_metric()
    exposures = contracts()["findings"].fields["exposure"]["constraints"]["enum"]
    sentences = []
    agreed = warehouse.table("tolerances").select("metric", "scope", "limit").order_by("metric", "scope")
    for name, scope, limit in warehouse.read(agreed).iter_rows():
        scopes = exposures if name == CLOCK else ["all", *warehouse.regions, *warehouse.formats]
        stores = {} if name == CLOCK else warehouse.stores
        if name not in metrics and name != CLOCK:
            near = did_you_mean(name, metrics).split(" Known")[0]
            sentences.append(f"'{name}' is no metric.{near} All: retail-analytics list metrics.")
        elif scope not in scopes and scope not in stores:
            near = did_you_mean(scope, scopes, besides=stores, called="store")
            sentences.append(f"{name}: '{scope}' is no scope of it.{near}")
        elif name in metrics and metrics[name].estimate in ("share", "ratio") and limit > 1:
            sentences.append(f"{name}: the limit {limit:g} is above 1. Write a share from 0 to 1, like 0.95.")
    return [f"tolerances: {sentence}" for sentence in sentences]
