-- one row per device record of a source: where and when it was seen, and its identifiers as they can be compared
-- An identifier that names no box is null here: an address that a phone draws at random or a virtual machine is
-- given, a serial number without a digit ('To be filled by O.E.M.').
WITH written AS (
  SELECT
    *,
    regexp_replace(lower(mac), '[^0-9a-f]', '', 'g') AS digits
  FROM raw_devices
)
SELECT
  row_number() OVER (ORDER BY source || ':' || source_id) AS record, -- its place in the list of all
  source,
  source_id,
  store_id,

  CASE WHEN regexp_extract(serial, '[1-9]') <> '' THEN upper(vendor || '/' || serial) END AS serial,
  CASE
    WHEN length(digits) <> 12 THEN NULL
    -- The second digit holds two flags: drawn by software or by the owner, and meant for many receivers.
    WHEN substr(digits, 2, 1) NOT IN ('0', '4', '8', 'c') THEN NULL
    -- VMware, Hyper-V, VirtualBox, Xen, Parallels, Virtual PC; then addresses that routers share (VRRP, HSRP).
    WHEN substr(digits, 1, 6) IN ('000569', '000c29', '001c14', '005056', '00155d', '080027', '00163e', '001c42',
                                  '0003ff') THEN NULL
    WHEN substr(digits, 1, 10) IN ('00005e0001', '00005e0002', '00000c07ac') THEN NULL
    WHEN digits = '000000000000' THEN NULL
    ELSE digits
  END AS mac,
  CASE WHEN regexp_extract(asset_tag, '[1-9]') <> '' THEN upper(asset_tag) END AS asset_tag,
  upper(agent_id) AS agent_id,
  store_id || '/' || upper(model) || '/' || lower(hostname) AS hostname,

  -- What is not dated may have been there all the time.
  coalesce(first_seen_on, installed_on, DATE '1900-01-01') AS seen_from,
  coalesce(last_seen_on, removed_on, observed_on) AS seen_until
FROM written
