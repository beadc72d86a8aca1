-- How many claims a counted scope has, and how many it may have. Kept with the claims, so that nobody counts them
-- while the head is locked. A scope that is made at run time has a row for each aggregate within which it is claimed.
CREATE TABLE claim_counts (
    scope TEXT COLLATE "C" NOT NULL,
    -- The id of the aggregate within which the claims are made; empty if the scope is one for the whole ledger.
    within_id TEXT COLLATE "C" NOT NULL,
    held BIGINT NOT NULL,
    -- The limits that the aggregate sets; NULL if the scope has fixed ones, or if the aggregate sets none.
    at_least BIGINT,
    at_most BIGINT,
    PRIMARY KEY (scope, within_id)
);

INSERT INTO claim_counts (scope, within_id, held)
SELECT scope, '', COUNT(*) FROM claims WHERE scope = 'administrator' GROUP BY scope;
