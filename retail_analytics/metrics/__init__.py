"""Every number we publish, by subject."""

from retail_analytics.measure import Duration, Metric


def every_metric() -> dict[str, Metric | Duration]:
    """Every metric and duration of the subject files, by name, in the order of their ids."""
    from retail_analytics.metrics import iot, readiness, theft

    values = [value for module in (iot, theft, readiness) for value in vars(module).values()]
    found = [value for value in values if isinstance(value, Metric | Duration)]
    return {metric.name: metric for metric in sorted(set(found), key=lambda metric: metric.id)}
