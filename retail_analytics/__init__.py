"""The Retail Risk Workbench: exports of devices and incidents → reports that executives can trust.

The public names. Charts and statistics are imported by their own names (`from retail_analytics import charts`,
`from retail_analytics.statistics import rates`), so that a command that only loads files does not wait for them.
"""

from retail_analytics.language import speak
from retail_analytics.measure import durations, measure
from retail_analytics.provenance import about, changed, health, limits
from retail_analytics.publishing.parameters import chosen
from retail_analytics.warehouse import open_warehouse

__all__ = ["about", "changed", "chosen", "durations", "health", "limits", "measure", "open_warehouse", "speak"]
