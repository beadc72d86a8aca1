-- Which permissions did a role give at a position of the ledger? It answers what somebody gained and lost without reading all events
-- of their roles: docs/decisions/0040-permissions-by-position.md.
-- The tables are empty until `muniment rebuild` fills them from the events of an older ledger.
--
-- from_position: the event that gave the permission, or changed it to what it is in this row. until_position: the event that took or
-- changed it; 9223372036854775807 for what nothing ended yet. The deletion of a role ends its row in role_spans only.
-- begun and ended: how many rows of the role had begun at from_position, and had ended at until_position. Their difference counts
-- what a role gave at a position.
CREATE TABLE permission_spans (
    permission_id UUID NOT NULL,
    until_position BIGINT NOT NULL,
    role_id UUID NOT NULL,
    from_position BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    resource TEXT NOT NULL,
    operation TEXT NOT NULL,
    context TEXT NOT NULL,
    PRIMARY KEY (permission_id, until_position)
);

-- What a role gave at a position, in the order in which it was given; what was given to it between two positions.
CREATE INDEX permission_spans_by_beginning ON permission_spans (role_id, from_position, until_position);
-- What was taken from it between two positions.
CREATE INDEX permission_spans_by_end ON permission_spans (role_id, until_position);

-- When was there a role, and which event named it? One row for each name that a role had.
CREATE TABLE role_spans (
    role_id UUID NOT NULL,
    until_position BIGINT NOT NULL,
    from_position BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    PRIMARY KEY (role_id, until_position)
);
