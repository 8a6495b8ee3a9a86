"""Measured tables as exhibits: one function for each form of picture.

A chart computes nothing: it draws the rows it is given, in their order, and takes every number's text
from `words`. Where the warehouse does not record what is asked, each gives a not_recorded exhibit.
"""

from retail_analytics.charts.bars import split
from retail_analytics.charts.curves import survival
from retail_analytics.charts.dots import ranking, readiness
from retail_analytics.charts.flows import stock_flow
from retail_analytics.charts.lines import trend
from retail_analytics.charts.scatter import funnel
from retail_analytics.charts.tables import heatmap, table

__all__ = [
    "funnel",
    "heatmap",
    "ranking",
    "readiness",
    "split",
    "stock_flow",
    "survival",
    "table",
    "trend",
]
