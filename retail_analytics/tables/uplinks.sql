-- one row per uplink and day on which its store was open
-- A view: each row stands for itself.
SELECT
  u.uplink_id,
  u.store_id,
  s.store,
  s.region,
  s.store_format,
  u.link_type,
  u.day,
  u.day AS known_on,
  u.minutes_open,
  u.minutes_down,
  u.latency_ms,
  u.agreed_latency_ms,
  -- A day without a sample is a day without a connection, not a day to leave out.
  coalesce(u.latency_ms <= u.agreed_latency_ms, FALSE) AS in_agreement
FROM raw_uplinks AS u
LEFT JOIN stores AS s USING (store_id)
