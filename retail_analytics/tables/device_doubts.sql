-- one row per two device records of which it could not be decided whether they are one device, and why
-- chained: other records join the two although they cannot be one device; the chain is cut at its weakest rule.
WITH chained AS (
  SELECT
    a.record,
    b.record AS other,
    CASE
      WHEN p.verdict = 'different' THEN 'override says different, other records join them'
      WHEN x.serial <> y.serial THEN 'joined by other records, different serials'
      WHEN x.store_id <> y.store_id THEN 'joined by other records, two stores without 7 days between'
    END AS why
  FROM device_chains AS a
  INNER JOIN device_chains AS b ON b.weakest = a.weakest AND b.lead = a.lead AND a.record < b.record
  INNER JOIN device_records AS x ON x.record = a.record
  INNER JOIN device_records AS y ON y.record = b.record
  LEFT JOIN device_pairs AS p ON p.record = a.record AND p.other = b.record
  WHERE
    a.weakest = 5
    AND CASE
          WHEN p.strength = 0 THEN p.verdict = 'different'
          ELSE x.serial <> y.serial
            OR (
              x.store_id <> y.store_id
              AND x.seen_from < y.seen_until + INTERVAL 7 DAY
              AND y.seen_from < x.seen_until + INTERVAL 7 DAY
            )
        END
),
unclear AS (
  SELECT record, other, why, TRUE AS chained FROM chained
  UNION ALL
  SELECT record, other, why, FALSE
  FROM device_pairs AS p
  ANTI JOIN chained USING (record, other)
  WHERE p.verdict = 'doubt'
)
SELECT
  a.source,
  a.source_id,
  b.source AS other_source,
  b.source_id AS other_source_id,
  u.why,
  u.chained,
  a.record,
  b.record AS other
FROM unclear AS u
INNER JOIN device_records AS a ON a.record = u.record
INNER JOIN device_records AS b ON b.record = u.other
UNION ALL
SELECT
  o.source,
  o.source_id,
  o.other_source,
  o.other_source_id,
  CASE
    WHEN a.record = b.record THEN 'override names one record twice'
    ELSE 'override names a record that no source has'
  END AS why,
  FALSE,
  a.record,
  b.record
FROM raw_device_overrides AS o
LEFT JOIN device_records AS a ON a.source = o.source AND a.source_id = o.source_id
LEFT JOIN device_records AS b ON b.source = o.other_source AND b.source_id = o.other_source_id
WHERE a.record IS NULL OR b.record IS NULL OR a.record = b.record
