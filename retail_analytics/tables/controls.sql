-- one row per assessment of a safeguard, with the level that its evidence can carry
-- A view: each row stands for itself.
SELECT
  c.control_id,
  c.store_id,
  s.store,
  s.region,
  s.store_format,
  c.domain,
  c.evidence,
  c.level AS stated_level,
  -- A document carries no more than 3, a statement about oneself no more than 2.
  least(c.level, CASE c.evidence WHEN 'document' THEN 3 WHEN 'self_statement' THEN 2 ELSE 4 END) AS level,
  c.assessed_on,
  c.expires_on,
  c.assessed_on AS known_on
FROM raw_controls AS c
LEFT JOIN stores AS s USING (store_id)
