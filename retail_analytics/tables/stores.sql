-- one row per store
-- Row by row: what other rows of raw_stores say changes no row here.
SELECT
  store_id,
  store_id || ' ' || coalesce(store_name, 'Store ' || store_id) AS store,
  region,
  store_format,
  area_sqm,
  coalesce(opened_on, DATE '1990-01-01') AS opened_on,
  closed_on,
  coalesce(opened_on, DATE '1990-01-01') AS known_on
FROM raw_stores
