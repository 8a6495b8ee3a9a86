-- one row per two device records that share an identifier or were ruled on: by which rule, and what follows
-- The strongest shared identifier speaks. verdict: same, different, or doubt (then why says what stands against it).
WITH identifiers AS (
  SELECT record, source, store_id, 1 AS strength, serial AS identifier FROM device_records WHERE serial IS NOT NULL
  UNION ALL
  SELECT record, source, store_id, 2, mac FROM device_records WHERE mac IS NOT NULL
  UNION ALL
  SELECT record, source, store_id, 3, asset_tag FROM device_records WHERE asset_tag IS NOT NULL
  UNION ALL
  SELECT record, source, store_id, 4, agent_id FROM device_records WHERE agent_id IS NOT NULL
  UNION ALL
  SELECT record, source, store_id, 5, hostname FROM device_records WHERE hostname IS NOT NULL
),
rules AS (
  SELECT *
  FROM (
    VALUES (0, 'override', 'certain'), (1, 'serial', 'high'), (2, 'mac', 'high'), (3, 'asset tag', 'medium'),
      (4, 'agent id', 'medium'), (5, 'hostname', 'low')
  ) AS named (strength, rule, confidence)
),
neighbours AS ( -- each record beside the one of the same system and name that was seen before it
  SELECT
    hostname,
    seen_from,
    lag(seen_until) OVER (PARTITION BY hostname, source ORDER BY seen_from, record) AS other_seen_until
  FROM device_records
  WHERE hostname IS NOT NULL
),
cloned AS ( -- names that one system saw on two boxes of a model in a store at the same time
  SELECT DISTINCT 5 AS strength, hostname AS identifier FROM neighbours WHERE seen_from <= other_seen_until
),
holders AS (
  SELECT
    strength,
    identifier,
    min(record) AS record,
    max(record) AS other,
    count(*) AS records,
    count(DISTINCT store_id) AS stores
  FROM identifiers
  GROUP BY strength, identifier
  HAVING count(*) > 1
),
judged AS ( -- an identifier on many records tells nothing: a default value, a docking station
  SELECT
    h.strength,
    h.identifier,
    h.record,
    h.other,
    CASE
      WHEN h.stores > 3 THEN 'on records of ' || CAST(h.stores AS VARCHAR) || ' stores'
      WHEN h.records > 6 THEN 'on ' || CAST(h.records AS VARCHAR) || ' records'
      WHEN c.identifier IS NOT NULL THEN 'on two records of one system at the same time'
    END AS tells_nothing
  FROM holders AS h
  LEFT JOIN cloned AS c USING (strength, identifier)
),
shared AS (
  SELECT a.record, b.record AS other, min(a.strength) AS strength
  FROM judged AS j
  INNER JOIN identifiers AS a USING (strength, identifier)
  INNER JOIN identifiers AS b USING (strength, identifier)
  -- A system that keeps two records of one name means two boxes.
  WHERE j.tells_nothing IS NULL AND a.record < b.record AND (j.strength < 5 OR a.source <> b.source)
  GROUP BY a.record, b.record
),
worthless AS ( -- one row for all records that share it: its first and its last
  SELECT record, other, strength, tells_nothing
  FROM judged
  WHERE tells_nothing IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY record, other ORDER BY strength) = 1
),
ruled AS ( -- every decision of a person, its two records in order
  SELECT
    least(a.record, b.record) AS record,
    greatest(a.record, b.record) AS other,
    CASE WHEN count(DISTINCT o.decision) = 1 THEN min(o.decision) ELSE 'doubt' END AS decision
  FROM raw_device_overrides AS o
  INNER JOIN device_records AS a ON a.source = o.source AND a.source_id = o.source_id
  INNER JOIN device_records AS b ON b.source = o.other_source AND b.source_id = o.other_source_id
  WHERE a.record <> b.record
  GROUP BY ALL
),
pairs AS (
  SELECT
    record,
    other,
    CASE WHEN r.decision IS NULL THEN coalesce(s.strength, w.strength) ELSE 0 END AS strength,
    r.decision,
    CASE WHEN s.strength IS NULL THEN w.tells_nothing END AS tells_nothing
  FROM shared AS s
  FULL JOIN worthless AS w USING (record, other)
  FULL JOIN ruled AS r USING (record, other)
),
objections AS (
  SELECT
    p.record,
    p.other,
    p.strength,
    p.decision,
    p.tells_nothing,
    CASE
      WHEN p.strength = 0 OR p.tells_nothing IS NOT NULL THEN NULL
      WHEN a.serial <> b.serial THEN 'different serials'
      WHEN p.strength = 5 AND a.asset_tag <> b.asset_tag THEN 'different asset tags'
      WHEN p.strength = 5 AND (a.seen_until < b.seen_from OR b.seen_until < a.seen_from) THEN 'one after the other'
      WHEN a.store_id = b.store_id OR a.store_id IS NULL OR b.store_id IS NULL THEN NULL
      WHEN a.seen_from <= b.seen_until AND b.seen_from <= a.seen_until THEN 'two stores at the same time'
      -- Who carries a box to another store needs a week to put it up again.
      WHEN a.seen_from < b.seen_until + INTERVAL 7 DAY AND b.seen_from < a.seen_until + INTERVAL 7 DAY
      THEN 'two stores within 7 days'
    END AS objection
  FROM pairs AS p
  INNER JOIN device_records AS a ON a.record = p.record
  INNER JOIN device_records AS b ON b.record = p.other
)
SELECT
  o.record,
  o.other,
  o.strength,
  r.rule,
  r.confidence,
  CASE
    WHEN o.decision IS NOT NULL THEN o.decision
    WHEN o.tells_nothing IS NOT NULL THEN 'doubt'
    WHEN o.objection IS NULL THEN 'same'
    -- A box put in another's place keeps its name: no doubt.
    WHEN o.strength = 5 THEN 'different'
    ELSE 'doubt'
  END AS verdict,
  CASE
    WHEN o.decision = 'doubt' THEN 'overrides say same and different'
    WHEN o.tells_nothing IS NOT NULL THEN r.rule || ' ' || o.tells_nothing
    WHEN o.objection IS NOT NULL THEN 'same ' || r.rule || ', ' || o.objection
  END AS why
FROM objections AS o
INNER JOIN rules AS r USING (strength)
