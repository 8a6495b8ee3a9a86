-- one row per weakness found on a device
-- A view: each row stands for itself.
WITH clocks AS ( -- days an owner agreed for closing a known-exploited weakness, by where it can be reached from
  SELECT scope AS exposure, max_by("limit", agreed_on) AS days
  FROM raw_tolerances
  WHERE metric = 'known_exploited_clock'
  GROUP BY scope
)
SELECT
  f.finding_id,
  l.device_id,
  d.store_id,
  d.store,
  d.region,
  d.store_format,
  f.cve,
  f.severity,
  f.exposure,
  k.cve IS NOT NULL AS known_exploited,
  f.first_detected_on,
  f.last_detected_on,
  f.fixed_on,
  f.first_detected_on AS known_on,
  greatest(f.first_detected_on, k.added_on) AS exploited_from,
  CAST(greatest(f.first_detected_on, k.added_on) + to_days(CAST(c.days AS INTEGER)) AS DATE) AS clock_ends_on
FROM raw_findings AS f
LEFT JOIN device_links AS l USING (source, source_id)
LEFT JOIN devices AS d USING (device_id)
LEFT JOIN raw_known_exploited AS k USING (cve)
LEFT JOIN clocks AS c ON c.exposure = f.exposure AND k.cve IS NOT NULL
