-- one row per device; what its records say is put together, the newest word first
WITH sources AS (
  SELECT
    source,
    max(observed_on) AS observed_on,
    bool_or(last_seen_on IS NOT NULL) AS sees
  FROM raw_devices
  GROUP BY source
),
given AS ( -- what no source ever says is not known of any device: it is no fact about it
  SELECT
    count(device_class) > 0 AND count(model) > 0 AND count(os) > 0 AS identities,
    count(agent_seen_on) > 0 AS agents,
    count(last_seen_on) > 0 OR count(removed_on) > 0 AS departures
  FROM raw_devices
),
switched_on AS ( -- the day a tool began to look, region by region: what it saw then was there before
  SELECT d.source, coalesce(s.region, d.region) AS region, min(d.first_seen_on) AS first_seen_on
  FROM raw_devices AS d
  LEFT JOIN stores AS s USING (store_id)
  GROUP BY ALL
),
records AS (
  SELECT
    l.device_id,
    d.*,
    coalesce(s.region, d.region) AS region_of,
    s.store_format AS store_format_of,
    o.sees,
    o.observed_on AS looked_on,
    d.first_seen_on <= w.first_seen_on + INTERVAL 14 DAY AS seen_at_switch_on,
    -- The place of a record among those of its device, the newest word last; of one day the last of the sources.
    row_number() OVER (
      PARTITION BY l.device_id
      ORDER BY coalesce(d.last_seen_on, d.observed_on), d.source || ':' || d.source_id
    ) AS word
  FROM raw_devices AS d
  INNER JOIN device_links AS l USING (source, source_id)
  INNER JOIN sources AS o USING (source)
  LEFT JOIN stores AS s USING (store_id)
  LEFT JOIN switched_on AS w ON w.source = d.source AND w.region IS NOT DISTINCT FROM coalesce(s.region, d.region)
),
merged AS (
  SELECT
    device_id,
    count(*) AS records,
    max_by(store_id, word) FILTER (WHERE store_id IS NOT NULL) AS store_id,
    max_by(region_of, word) FILTER (WHERE region_of IS NOT NULL) AS region,
    max_by(store_format_of, word) FILTER (WHERE store_format_of IS NOT NULL) AS store_format,
    max_by(device_class, word) FILTER (WHERE device_class IS NOT NULL) AS device_class,
    max_by(vendor, word) FILTER (WHERE vendor IS NOT NULL) AS vendor,
    max_by(model, word) FILTER (WHERE model IS NOT NULL) AS model,
    max_by(hostname, word) FILTER (WHERE hostname IS NOT NULL) AS hostname,
    max_by(os, word) FILTER (WHERE os IS NOT NULL) AS os,
    -- max_by() passes over nulls: the version of another system's word would stand beside this one's name.
    nullif(max_by(coalesce(os_version, ''), word) FILTER (WHERE os IS NOT NULL), '') AS os_version,
    max_by(status, word) FILTER (WHERE status IS NOT NULL) AS status,
    max_by(agent_capable, word) FILTER (WHERE agent_capable IS NOT NULL) AS agent_capable,
    max_by(isolated, word) FILTER (WHERE isolated IS NOT NULL) AS isolated,
    max_by(monitored, word) FILTER (WHERE monitored IS NOT NULL) AS monitored,
    max(agent_seen_on) AS agent_seen_on,
    min(installed_on) AS installed_on,
    min(first_seen_on) AS first_seen_on,
    max(last_seen_on) AS last_seen_on,
    max(removed_on) AS removed_on,
    max(coalesce(last_seen_on, observed_on)) FILTER (WHERE removed_on IS NULL) AS there_on,
    max(observed_on) AS observed_on,
    max(looked_on) AS looked_on, -- the newest export of a source that knows it, whether it still does or not
    bool_or(sees) AS looked_for,
    bool_or(seen_at_switch_on) AS seen_at_switch_on
  FROM records
  GROUP BY device_id
),
spans AS (
  SELECT
    *,
    CASE
      -- On the register only, and never seen by a tool that looks: not connected.
      WHEN looked_for AND last_seen_on IS NULL THEN NULL
      WHEN status IN ('in_stock', 'on_order', 'planned') THEN NULL
      ELSE coalesce(installed_on, first_seen_on)
    END AS in_service_from,
    CASE
      -- Who has seen it since, or lists it still, is believed: a register may have closed its old record.
      WHEN removed_on > coalesce(there_on, DATE '1900-01-01') THEN removed_on
      WHEN status IN ('retired', 'absent') THEN CAST(coalesce(last_seen_on, observed_on) + INTERVAL 1 DAY AS DATE)
      -- Not seen for 90 days, or not listed: gone when it last was. Stale for less is not yet gone.
      WHEN coalesce(last_seen_on, observed_on) + INTERVAL 90 DAY < looked_on
      THEN CAST(coalesce(last_seen_on, observed_on) + INTERVAL 1 DAY AS DATE)
    END AS in_service_to,
    CASE
      WHEN installed_on IS NULL AND seen_at_switch_on THEN 'first_visible'
      ELSE 'arrival'
    END AS origin
  FROM merged
),
cycles AS (
  SELECT
    *,
    -- Operating systems as their exports name them → endoflife.date's product and cycle.
    CASE
      WHEN os ILIKE 'windows embedded%' THEN 'windows-embedded'
      WHEN os ILIKE 'windows server%' THEN 'windows-server'
      WHEN os ILIKE 'windows%' THEN 'windows'
      WHEN os ILIKE 'android%' THEN 'android'
      WHEN os ILIKE 'ubuntu%' THEN 'ubuntu'
      WHEN os ILIKE 'debian%' THEN 'debian'
    END AS product,
    CASE
      WHEN os ILIKE 'windows embedded posready 7%' THEN 'posready-7'
      WHEN os ILIKE 'windows embedded 8.1 industry%' THEN '8.1-industry'
      WHEN os ILIKE 'windows server%' THEN regexp_extract(os, '[0-9]{4}')
      WHEN os ILIKE 'windows%' THEN regexp_extract(os, '[0-9.]+') || '-' || lower(os_version)
        || CASE
             WHEN os ILIKE '%iot%lts%' THEN '-iot-lts'
             WHEN os ILIKE '%lts%' THEN '-e-lts'
             WHEN os ILIKE 'windows 11 pro%' THEN '-w'
             WHEN os ILIKE 'windows 11%' THEN '-e'
             ELSE ''
           END
      ELSE regexp_extract(os_version, '^[0-9]+([.][0-9]+)?')
    END AS cycle
  FROM spans
)
SELECT
  c.device_id,
  c.store_id,
  t.store,
  c.region,
  c.store_format,

  coalesce(c.device_class, 'not identified') AS device_class,
  c.vendor,
  c.model,
  c.hostname,
  c.os,
  c.os_version,
  c.origin,
  c.records,
  CASE WHEN g.identities THEN c.device_class IS NULL OR c.model IS NULL OR c.os IS NULL END AS unidentified,
  CASE
    WHEN c.agent_capable = 'yes' AND c.agent_seen_on + INTERVAL 7 DAY >= c.observed_on THEN 'protected'
    WHEN c.agent_capable = 'yes' AND g.agents THEN 'protection silent'
    WHEN c.agent_capable = 'no' AND c.isolated = 'yes' AND c.monitored = 'yes' THEN 'isolated and watched'
    WHEN c.agent_capable = 'no' AND (c.isolated = 'no' OR c.monitored = 'no') THEN 'not protected'
    ELSE 'unknown'
  END AS protection,
  c.agent_capable,

  c.in_service_from,
  c.in_service_to,
  g.departures AS departures_known,
  c.observed_on,
  CASE WHEN c.in_service_from IS NOT NULL THEN greatest(c.in_service_from, c.first_seen_on) END AS known_on,
  t.area_sqm IS NOT NULL AS area_known,
  e.product IS NOT NULL AS support_known,
  e.support_ends_on,
  e.extended_until,
  CASE
    WHEN c.in_service_from IS NOT NULL AND e.support_ends_on IS NOT NULL
    THEN greatest(c.in_service_from, e.support_ends_on)
  END AS past_support_from
FROM cycles AS c
CROSS JOIN given AS g
LEFT JOIN stores AS t USING (store_id)
LEFT JOIN raw_support_dates AS e ON e.product = c.product AND e.cycle = c.cycle
