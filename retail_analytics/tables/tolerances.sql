-- one row per metric and scope: the newest value that an owner agreed
SELECT
  metric,
  scope,
  max_by("limit", agreed_on) AS "limit",
  max_by(owner, agreed_on) AS owner,
  max(agreed_on) AS agreed_on
FROM raw_tolerances
GROUP BY metric, scope
