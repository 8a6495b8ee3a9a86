-- one row per thing known to have happened that a reader of a trend must know
SELECT annotation_id, concerns, scope, kind, from_on, to_on, text, source
FROM raw_annotations
