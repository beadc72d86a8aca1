-- On Postgres, this view gives payload and metadata as JSON. Here, they are texts in the table, too. With the view, a
-- statement that looks into a payload is the same on both engines.
CREATE VIEW event_streams AS
SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata FROM events;
