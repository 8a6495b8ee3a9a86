-- one row per table, region and month in which a region that usually sends entries sent none
-- A region with a usual month of 20 entries or more sends none by chance once in 500 million months: that is
-- "no data", not "nothing happened".
WITH records AS (
  SELECT 'incidents' AS table_name, region, occurred_on AS day, incidents AS entries FROM incident_days
  UNION ALL
  SELECT 'store_days', region, day, 1 FROM store_days
  UNION ALL
  SELECT 'uplinks', region, day, 1 FROM uplinks
),
months AS (
  SELECT r.table_name, r.region, c.month, sum(r.entries) AS entries
  FROM records AS r
  INNER JOIN calendar AS c ON c.day = r.day
  WHERE r.region IS NOT NULL
  GROUP BY ALL
),
usual AS (
  SELECT table_name, region, median(entries) AS entries
  FROM months
  GROUP BY ALL
  HAVING median(entries) >= 20
),
trading AS ( -- a region without an open store has nothing to send
  SELECT region, min(opened_on) AS opened_on, max(coalesce(closed_on, DATE '2049-12-31')) AS closed_on
  FROM stores
  GROUP BY region
),
expected AS (
  SELECT u.table_name, u.region, c.month
  FROM usual AS u
  INNER JOIN coverage AS s USING (table_name)
  LEFT JOIN trading AS t USING (region)
  INNER JOIN (SELECT DISTINCT month FROM calendar) AS c
    ON c.month >= s.covered_from AND last_day(c.month) <= s.covered_to
  WHERE t.region IS NULL OR (last_day(c.month) >= t.opened_on AND c.month < t.closed_on)
)
SELECT e.table_name, e.region, e.month
FROM expected AS e
ANTI JOIN months AS m USING (table_name, region, month)
