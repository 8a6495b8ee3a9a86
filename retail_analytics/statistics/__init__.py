"""How sure we can be: intervals, comparisons, rankings and waiting times of measured tables."""
