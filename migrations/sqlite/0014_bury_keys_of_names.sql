-- wrapped_key is null once the key is deleted: a tombstone. Without it, a clock that goes back would make another key for the same day, and
-- the rows that the deleted key sealed would look like changed rows.
CREATE TABLE new_refusal_keys (
    period INTEGER PRIMARY KEY,
    wrapped_key BLOB
);

INSERT INTO new_refusal_keys (period, wrapped_key) SELECT period, wrapped_key FROM refusal_keys;

DROP TABLE refusal_keys;

ALTER TABLE new_refusal_keys RENAME TO refusal_keys;

-- The keys that were deleted before there were tombstones.
INSERT INTO refusal_keys (period, wrapped_key)
SELECT DISTINCT period, NULL FROM refusals
WHERE period NOT IN (SELECT period FROM refusal_keys);
