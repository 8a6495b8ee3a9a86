-- one row per store and run of days on each of which its visits were counted
SELECT
  store_id,
  min(day) AS first_on,
  max(day) AS last_on
FROM (
  SELECT
    store_id,
    day,
    day - CAST(row_number() OVER (PARTITION BY store_id ORDER BY day) AS INTEGER) AS run
  FROM raw_store_days
  WHERE visits IS NOT NULL
)
GROUP BY store_id, run
