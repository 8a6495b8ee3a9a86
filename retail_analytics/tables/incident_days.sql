-- one row per region, day on which incidents occurred and day on which they were entered
SELECT
  region,
  occurred_on,
  occurred_by,
  entered_on,
  known_on,
  count(*) AS records,
  sum(incidents) AS incidents
FROM incidents
GROUP BY region, occurred_on, occurred_by, entered_on, known_on
