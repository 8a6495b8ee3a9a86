-- one row per day from 1990 to 2049, with the first day of its month and of its week (Monday)
SELECT
  CAST(day AS DATE) AS day,
  CAST(date_trunc('month', day) AS DATE) AS month,
  CAST(date_trunc('week', day) AS DATE) AS week
FROM (SELECT unnest(generate_series(TIMESTAMP '1990-01-01', TIMESTAMP '2049-12-31', INTERVAL 1 DAY)) AS day)
