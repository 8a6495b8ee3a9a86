-- one row per recorded incident, or per group of incidents where the source gives only totals
-- A view: each row stands for itself.
WITH first_outcomes AS (
  SELECT reference, min(decided_on) AS decided_on
  FROM raw_outcomes
  GROUP BY reference
)
SELECT
  i.incident_id,
  i.reference,
  i.store_id,
  s.store,
  coalesce(s.region, i.region) AS region,
  s.store_format,
  i.kind,
  coalesce(i.attempted, FALSE) AS attempted,
  coalesce(i.number, 1) AS incidents,
  v.store_id IS NOT NULL AS visits_known,

  i.occurred_on,
  i.occurred_hour,
  coalesce(i.precision, 'day') AS precision,
  i.entered_on,
  i.detected_on,
  i.contained_on,
  o.decided_on,
  coalesce(
    i.entered_on,
    CASE WHEN i.precision = 'month' THEN last_day(i.occurred_on) ELSE i.occurred_on END
  ) AS known_on,
  CASE WHEN i.precision = 'month' THEN last_day(i.occurred_on) ELSE i.occurred_on END AS occurred_by,

  -- A loss of 0 on a completed theft means that nobody wrote it down. Retail prices are not cost.
  CASE WHEN NOT coalesce(i.attempted, FALSE) AND i.price_basis = 'cost'
       THEN CAST(nullif(i.loss, 0) AS DECIMAL(18, 2)) END AS loss_at_cost,
  CASE WHEN NOT coalesce(i.attempted, FALSE) AND i.price_basis = 'cost' AND nullif(i.loss, 0) IS NOT NULL
       THEN CAST(coalesce(i.recovered, 0) AS DECIMAL(18, 2)) END AS recovered_at_cost,
  CASE WHEN nullif(i.loss, 0) IS NOT NULL THEN i.currency END AS currency
FROM raw_incidents AS i
LEFT JOIN stores AS s ON s.store_id = i.store_id
LEFT JOIN visit_spans AS v ON v.store_id = i.store_id AND i.occurred_on BETWEEN v.first_on AND v.last_on
LEFT JOIN first_outcomes AS o ON o.reference = i.reference
