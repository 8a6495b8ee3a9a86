-- one row per store and day on which the store was open
-- A view: each row stands for itself.
SELECT
  d.store_id,
  s.store,
  s.region,
  s.store_format,
  d.day,
  d.day AS known_on,
  d.visits
FROM raw_store_days AS d
LEFT JOIN stores AS s USING (store_id)
