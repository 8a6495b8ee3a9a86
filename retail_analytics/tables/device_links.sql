-- one row per device record of a source: the device it belongs to, and by which identifier it was found
-- Records that share a serial number, a hardware address or an asset tag are one device. Three rounds of
-- taking the smallest record number in reach join chains of up to eight records.
WITH records AS (
  SELECT
    source,
    source_id,
    source || ':' || source_id AS record,
    upper(vendor || '/' || serial) AS serial,
    nullif(regexp_replace(lower(mac), '[^0-9a-f]', '', 'g'), '') AS mac,
    upper(asset_tag) AS asset_tag
  FROM raw_devices
),
identifiers AS (
  SELECT record, 'serial:' || serial AS identifier FROM records WHERE serial IS NOT NULL
  UNION ALL
  SELECT record, 'mac:' || mac AS identifier FROM records WHERE length(mac) = 12
  UNION ALL
  SELECT record, 'tag:' || asset_tag AS identifier FROM records WHERE asset_tag IS NOT NULL
),
shared AS ( -- an identifier on many records tells nothing: a docking station, a default tag
  SELECT identifier
  FROM identifiers
  GROUP BY identifier
  HAVING count(*) BETWEEN 2 AND 6
),
edges AS (
  SELECT record, identifier FROM identifiers INNER JOIN shared USING (identifier)
),
first_round AS (
  SELECT record, min(nearest) AS device
  FROM edges
  INNER JOIN (SELECT identifier, min(record) AS nearest FROM edges GROUP BY identifier) AS n USING (identifier)
  GROUP BY record
),
second_round AS (
  SELECT record, min(nearest) AS device
  FROM edges
  INNER JOIN (
    SELECT identifier, min(device) AS nearest
    FROM edges
    INNER JOIN first_round USING (record)
    GROUP BY identifier
  ) AS n USING (identifier)
  GROUP BY record
),
third_round AS (
  SELECT record, min(nearest) AS device
  FROM edges
  INNER JOIN (
    SELECT identifier, min(device) AS nearest
    FROM edges
    INNER JOIN second_round USING (record)
    GROUP BY identifier
  ) AS n USING (identifier)
  GROUP BY record
)
SELECT
  r.source,
  r.source_id,
  coalesce(t.device, r.record) AS device_id
FROM records AS r
LEFT JOIN third_round AS t USING (record)
