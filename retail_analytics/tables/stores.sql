-- one row per store
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
