-- wrapped_key is null once the key is deleted: a tombstone. Without it, a clock that goes back would make another key for the same day, and
-- the rows that the deleted key sealed would look like changed rows.
ALTER TABLE refusal_keys ALTER COLUMN wrapped_key DROP NOT NULL;

-- The keys that were deleted before there were tombstones.
INSERT INTO refusal_keys (period, wrapped_key)
SELECT DISTINCT period, CAST(NULL AS BYTEA) FROM refusals
WHERE period NOT IN (SELECT period FROM refusal_keys);
