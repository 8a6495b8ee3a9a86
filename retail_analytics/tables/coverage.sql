-- one row per table that holds rows: the days it covers, the day up to which it is settled, the newest word
-- Declared days count; without them a table covers what its first and newest entries prove. Settled: 95 % of
-- what happened by then has been entered, judged by entries older than half a year.
WITH newest_words AS ( -- what was declared for the same content before is withdrawn
  SELECT "table" AS table_name, covers_from, covers_to
  FROM account
  QUALIFY row_number() OVER (PARTITION BY file, "table", file_hash ORDER BY loaded_at DESC) = 1
),
declared AS (
  SELECT table_name, min(covers_from) AS covers_from, max(covers_to) AS covers_to
  FROM newest_words
  WHERE covers_to IS NOT NULL
  GROUP BY table_name
),
proven AS (
  SELECT 'stores' AS table_name, count(*) AS row_count, min(opened_on) AS first_day, max(file_on) AS newest_day
  FROM stores
  INNER JOIN (SELECT max(file_on) AS file_on FROM raw_stores) ON TRUE
  UNION ALL
  SELECT 'store_days', count(*), min(day), max(day) FROM store_days
  UNION ALL
  SELECT 'devices', count(*), coalesce(min(in_service_from), min(observed_on)), max(observed_on) FROM devices
  UNION ALL
  SELECT 'incidents', CAST(coalesce(sum(records), 0) AS BIGINT), min(occurred_on), max(greatest(occurred_by, known_on))
  FROM incident_days
  UNION ALL
  SELECT 'outcomes', count(*), min(decided_on), last_day(max(decided_on)) FROM raw_outcomes
  UNION ALL
  SELECT 'findings', count(*), min(first_detected_on), max(greatest(first_detected_on, last_detected_on, fixed_on))
  FROM findings
  UNION ALL
  SELECT 'controls', count(*), min(assessed_on), max(file_on)
  FROM controls
  INNER JOIN (SELECT max(file_on) AS file_on FROM raw_controls) ON TRUE
  UNION ALL
  SELECT 'training', count(*), min(joined_on), max(observed_on)
  FROM training
  INNER JOIN (SELECT max(observed_on) AS observed_on FROM raw_training) ON TRUE
  UNION ALL
  SELECT 'uplinks', count(*), min(day), max(day) FROM uplinks
),
spans AS (
  SELECT
    p.table_name,
    p.row_count,
    coalesce(d.covers_from, p.first_day) AS covered_from,
    coalesce(d.covers_to, p.newest_day) AS covered_to
  FROM proven AS p
  LEFT JOIN declared AS d USING (table_name)
  WHERE p.row_count > 0
),
waits AS ( -- how many entries came so many days late
  SELECT date_diff('day', occurred_on, entered_on) AS days, sum(records) AS entries
  FROM incident_days
  INNER JOIN (SELECT covered_to FROM spans WHERE table_name = 'incidents') ON TRUE
  WHERE entered_on IS NOT NULL AND occurred_on < covered_to - INTERVAL 180 DAY
  GROUP BY days
),
lags AS (
  SELECT min(days) AS days
  FROM (SELECT days, sum(entries) OVER (ORDER BY days) / sum(entries) OVER () AS share FROM waits)
  WHERE share >= 0.95
)
SELECT
  s.table_name,
  s.row_count,
  s.covered_from,
  s.covered_to,
  CASE
    WHEN s.table_name = 'incidents' THEN CAST(s.covered_to - to_days(CAST(coalesce(l.days, 0) AS INTEGER)) AS DATE)
    ELSE s.covered_to
  END AS settled_to,
  s.table_name = 'incidents' AND l.days IS NULL AS lag_unknown
FROM spans AS s
CROSS JOIN lags AS l
