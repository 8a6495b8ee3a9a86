-- one row per device and span of days in which its store, its name and its system stayed the same
-- Told by every word that exports have said of its records. A change is one word after another: what a newer word
-- says of the same days counts for them, and what nobody says is no change. Between two words the older one holds.
WITH words AS ( -- what each says, in writing that can be compared, and the last day that it speaks of
  SELECT
    l.device_id,
    r.record,
    h.store_id,
    h.hostname,
    regexp_extract(lower(h.hostname), '^[^.]+') AS name, -- without its domain
    h.agent_id,
    upper(h.agent_id) AS agent,
    h.os,
    nullif(regexp_extract(lower(h.os), '^(microsoft )?([a-z]+( embedded| server)?)', 2), '') AS os_family,
    least(h.first_seen_on, h.installed_on) AS there_from,
    coalesce(h.first_seen_on, h.installed_on) AS seen_from,
    least(coalesce(h.last_seen_on, h.observed_on), CAST(h.removed_on - INTERVAL 1 DAY AS DATE)) AS said_of,
    h.file_on
  FROM history_devices AS h
  INNER JOIN device_links AS l USING (source, source_id)
  INNER JOIN device_records AS r USING (source, source_id)
),
estate AS (
  SELECT
    device_id,
    max(store_id) AS store_id,
    max(hostname) AS hostname,
    max_by(agent_id, said_of) AS agent_id,
    max(os) AS os,
    least(min(there_from), min(said_of)) AS from_on,
    max(said_of) AS said_of,
    min(file_on) AS file_on,
    coalesce(min(store_id) <> max(store_id), FALSE)
      OR coalesce(min(name) <> max(name), FALSE)
      OR coalesce(min(agent) <> max(agent), FALSE)
      OR coalesce(min(os_family) <> max(os_family), FALSE) AS has_changed
  FROM words
  GROUP BY device_id
),
dated AS ( -- of devices of which anything was ever said in two ways: from when to when each word speaks
  SELECT
    w.*,
    max(w.said_of) OVER (PARTITION BY w.record ORDER BY w.file_on) AS until_on,
    max(w.said_of) OVER (
      PARTITION BY w.record ORDER BY w.file_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before_on
  FROM words AS w
  INNER JOIN estate AS e USING (device_id)
  WHERE e.has_changed
),
begun AS ( -- a record's later word begins on the day it speaks of, unless it says since when
  SELECT
    *,
    CASE
      WHEN seen_from > coalesce(before_on, DATE '1900-01-01') THEN least(seen_from, until_on)
      ELSE until_on
    END AS from_on
  FROM dated
),
told AS (
  SELECT device_id, record, 'store' AS part, store_id AS value, store_id AS written, from_on, until_on, file_on
  FROM begun
  UNION ALL
  SELECT device_id, record, 'name', name, hostname, from_on, until_on, file_on FROM begun
  UNION ALL
  SELECT device_id, record, 'agent', agent, agent_id, from_on, until_on, file_on FROM begun
  UNION ALL
  SELECT device_id, record, 'system', os_family, os, from_on, until_on, file_on FROM begun
),
beside AS (
  SELECT
    *,
    CASE
      WHEN value = lag(value) OVER (PARTITION BY record, part ORDER BY file_on) THEN 0
      ELSE 1
    END AS begins
  FROM told
  WHERE value IS NOT NULL
),
numbered AS (
  SELECT *, sum(begins) OVER (PARTITION BY record, part ORDER BY file_on) AS claim
  FROM beside
),
claims AS ( -- what one record said from its first day to its last; turn: the newest word comes last, as in devices
  SELECT
    device_id,
    part,
    value,
    max_by(written, file_on) AS written,
    min(from_on) AS from_on,
    max(until_on) AS until_on,
    min(file_on) AS file_on,
    row_number() OVER (PARTITION BY device_id, part ORDER BY max(until_on), record, max(file_on)) AS turn
  FROM numbered
  GROUP BY device_id, record, part, value, claim
),
standing AS ( -- without those that a newer word denies for one of their days
  SELECT *
  FROM claims AS c
  WHERE NOT EXISTS (
    SELECT 1
    FROM claims AS n
    WHERE n.device_id = c.device_id AND n.part = c.part AND n.value <> c.value
      AND n.turn > c.turn AND n.from_on <= c.until_on
  )
),
compared AS (
  SELECT
    *,
    CASE
      WHEN value <> lag(value) OVER (PARTITION BY device_id, part ORDER BY from_on, turn) THEN 1
      ELSE 0
    END AS changes
  FROM standing
),
placed AS (
  SELECT *, sum(changes) OVER (PARTITION BY device_id ORDER BY from_on) AS span
  FROM compared
),
steps AS (
  SELECT
    device_id,
    max_by(written, turn) FILTER (part = 'store') AS store_id,
    max_by(written, turn) FILTER (part = 'name') AS hostname,
    max_by(written, turn) FILTER (part = 'agent') AS agent_id,
    max_by(written, turn) FILTER (part = 'system') AS os,
    nullif(
      concat_ws(
        ' and ',
        CASE WHEN sum(changes) FILTER (part = 'store') > 0 THEN 'moved' END,
        CASE WHEN sum(changes) FILTER (part = 'name') > 0 THEN 'renamed' END,
        CASE WHEN sum(changes) FILTER (part IN ('agent', 'system')) > 0 THEN 're-imaged' END
      ),
      ''
    ) AS change,
    min(from_on) AS from_on,
    max(file_on) FILTER (changes = 1) AS file_on
  FROM placed
  GROUP BY device_id, span
  UNION ALL
  SELECT device_id, coalesce(d.store_id, e.store_id), coalesce(d.hostname, e.hostname), e.agent_id,
    coalesce(d.os, e.os), NULL, e.from_on, NULL
  FROM estate AS e
  INNER JOIN devices AS d USING (device_id)
  WHERE NOT e.has_changed
),
spans AS ( -- of every device; what is not said again still holds
  SELECT
    e.device_id,
    last_value(c.store_id IGNORE NULLS) OVER so_far AS store_id,
    last_value(c.hostname IGNORE NULLS) OVER so_far AS hostname,
    last_value(c.os IGNORE NULLS) OVER so_far AS os,
    last_value(c.agent_id IGNORE NULLS) OVER so_far AS agent_id,
    c.change,
    CASE WHEN c.change IS NULL THEN e.from_on ELSE c.from_on END AS from_on,
    lead(c.from_on) OVER so_far AS next_on,
    e.said_of,
    coalesce(c.file_on, e.file_on) AS file_on
  FROM estate AS e
  INNER JOIN steps AS c USING (device_id)
  WINDOW so_far AS (PARTITION BY e.device_id ORDER BY c.from_on)
),
places AS ( -- each span beside those before it in the same store, of the same name and model
  SELECT
    s.device_id,
    s.change,
    s.from_on,
    max_by(s.device_id, coalesce(s.next_on - INTERVAL 1 DAY, s.said_of)) OVER before AS other_id,
    max(coalesce(s.next_on - INTERVAL 1 DAY, s.said_of)) OVER before AS other_until
  FROM spans AS s
  INNER JOIN devices AS d USING (device_id)
  WHERE s.store_id || s.hostname || d.model IS NOT NULL
  WINDOW before AS (
    PARTITION BY s.store_id, regexp_extract(lower(s.hostname), '^[^.]+'), upper(d.model)
    ORDER BY s.from_on, s.device_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
doubted AS (
  SELECT a.device_id, b.device_id AS other_id
  FROM device_doubts AS d
  INNER JOIN device_links AS a ON a.source = d.source AND a.source_id = d.source_id
  INNER JOIN device_links AS b ON b.source = d.other_source AND b.source_id = d.other_source_id
),
replaced AS ( -- whose place and name were free when it came
  SELECT p.device_id, p.other_id
  FROM places AS p
  WHERE p.change IS NULL AND p.other_until < p.from_on
    AND NOT EXISTS (SELECT 1 FROM doubted AS d WHERE d.device_id = p.device_id AND d.other_id = p.other_id)
    AND NOT EXISTS (SELECT 1 FROM doubted AS d WHERE d.device_id = p.other_id AND d.other_id = p.device_id)
)
SELECT
  s.device_id,
  s.store_id,
  t.store,
  CASE WHEN s.store_id IS NOT DISTINCT FROM d.store_id THEN d.region ELSE t.region END AS region,
  t.store_format,

  s.hostname,
  s.os,
  s.agent_id,
  CASE
    WHEN s.change IS NOT NULL THEN s.change
    WHEN r.other_id IS NOT NULL THEN 'replaced'
    ELSE 'first seen'
  END AS change,
  CASE WHEN s.change IS NULL THEN r.other_id END AS replaces_device_id,

  s.from_on,
  CASE
    WHEN s.next_on IS NOT NULL THEN s.next_on
    WHEN d.in_service_to > s.from_on THEN d.in_service_to
  END AS to_on,
  -- What the first files tell of the days before them was known then: nothing else is.
  greatest(s.from_on, d.known_on, CASE WHEN s.file_on > f.first_on THEN s.file_on END) AS known_on
FROM spans AS s
INNER JOIN devices AS d USING (device_id)
CROSS JOIN (SELECT min(file_on) AS first_on FROM history_devices) AS f
LEFT JOIN stores AS t ON t.store_id = s.store_id
LEFT JOIN replaced AS r ON r.device_id = s.device_id
