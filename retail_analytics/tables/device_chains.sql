-- one row per device record and weakest rule allowed: the first record that a chain of pairs leads to
-- Three rounds of taking the first record in reach, and the first in that one's reach, join chains of fifteen.
WITH weakest AS (
  SELECT *
  FROM (VALUES (0), (1), (2), (3), (4)) AS listed (weakest)
),
pairs AS (
  SELECT record, other, strength FROM device_pairs WHERE verdict = 'same'
  UNION ALL
  SELECT other, record, strength FROM device_pairs WHERE verdict = 'same'
),
branching AS ( -- where chains grow longer than two records; only they may have to be cut
  SELECT record FROM pairs GROUP BY record HAVING count(*) > 1
),
steps AS (
  SELECT 5 AS weakest, record, other FROM pairs
  UNION ALL
  SELECT w.weakest, p.record, p.other
  FROM pairs AS p
  INNER JOIN weakest AS w ON p.strength <= w.weakest
  WHERE p.record IN (SELECT record FROM branching) OR p.other IN (SELECT record FROM branching)
),
edges AS (
  SELECT weakest, record, other FROM steps
  UNION
  SELECT weakest, record, record FROM steps
),
first_round AS (
  SELECT weakest, record, min(other) AS lead FROM edges GROUP BY weakest, record
),
first_jump AS (
  SELECT r.weakest, r.record, l.lead
  FROM first_round AS r
  INNER JOIN first_round AS l ON l.weakest = r.weakest AND l.record = r.lead
),
second_round AS (
  SELECT e.weakest, e.record, min(r.lead) AS lead
  FROM edges AS e
  INNER JOIN first_jump AS r ON r.weakest = e.weakest AND r.record = e.other
  GROUP BY e.weakest, e.record
),
second_jump AS (
  SELECT r.weakest, r.record, l.lead
  FROM second_round AS r
  INNER JOIN second_round AS l ON l.weakest = r.weakest AND l.record = r.lead
),
third_round AS (
  SELECT e.weakest, e.record, min(r.lead) AS lead
  FROM edges AS e
  INNER JOIN second_jump AS r ON r.weakest = e.weakest AND r.record = e.other
  GROUP BY e.weakest, e.record
)
SELECT
  r.weakest,
  r.record,
  l.lead
FROM third_round AS r
INNER JOIN third_round AS l ON l.weakest = r.weakest AND l.record = r.lead
