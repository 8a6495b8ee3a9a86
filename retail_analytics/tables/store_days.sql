-- one row per store and day on which the store was open
-- Row by row: what other rows of raw_store_days say changes no row here.
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
