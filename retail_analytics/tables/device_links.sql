-- one row per device record of a source: the device it belongs to, by which rule, and how sure that is
-- The merge log: joined_source and joined_source_id name the record that it was joined with by the strongest
-- rule; they and the rule are null where no other record is of this device. A chain that joins what cannot be one
-- device is cut at its weakest rule, again until it joins no such records.
WITH torn AS (
  SELECT DISTINCT a.weakest, a.lead
  FROM device_doubts AS d
  INNER JOIN device_chains AS a ON a.record = d.record
  INNER JOIN device_chains AS b ON b.record = d.other AND b.weakest = a.weakest AND b.lead = a.lead
  WHERE d.chained
),
chosen AS (
  SELECT c.record, c.weakest, c.lead
  FROM device_chains AS c
  ANTI JOIN torn USING (weakest, lead)
  QUALIFY row_number() OVER (PARTITION BY c.record ORDER BY c.weakest DESC) = 1
),
steps AS (
  SELECT record, other, strength, rule, confidence FROM device_pairs WHERE verdict = 'same'
  UNION ALL
  SELECT other, record, strength, rule, confidence FROM device_pairs WHERE verdict = 'same'
),
log AS ( -- each record's strongest step within its chain
  SELECT s.record, s.other, s.rule, s.confidence
  FROM steps AS s
  INNER JOIN chosen AS c USING (record)
  WHERE s.strength <= c.weakest
  QUALIFY row_number() OVER (PARTITION BY s.record ORDER BY s.strength, s.other) = 1
)
SELECT
  r.source,
  r.source_id,
  coalesce(f.source || ':' || f.source_id, r.source || ':' || r.source_id) AS device_id,
  l.rule,
  l.confidence,
  j.source AS joined_source,
  j.source_id AS joined_source_id
FROM device_records AS r
LEFT JOIN chosen AS c USING (record)
LEFT JOIN device_records AS f ON f.record = c.lead
LEFT JOIN log AS l USING (record)
LEFT JOIN device_records AS j ON j.record = l.other
