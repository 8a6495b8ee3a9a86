-- one row per person and course required of that person, with the span in which it is required and current
-- A view: each row stands for itself.
SELECT
  t.person_id,
  t.course,
  t.store_id,
  s.store,
  s.region,
  s.store_format,
  t.role,
  t.joined_on,
  t.left_on,
  t.joined_on AS known_on,
  -- greatest() passes over nulls: a course not completed is current from no day.
  CASE WHEN t.completed_on IS NOT NULL THEN greatest(t.joined_on, t.completed_on) END AS current_from,
  least(coalesce(t.left_on, t.expires_on), coalesce(t.expires_on, t.left_on)) AS current_to
FROM raw_training AS t
LEFT JOIN stores AS s USING (store_id)
