-- epoch: how often the history was replaced. erasures: how many people were erased. lowest_writer: which rules of writing
-- a program must follow at least. A process compares them when it writes: docs/decisions/0013-decide-without-the-lock.md.
ALTER TABLE ledger_head ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger_head ADD COLUMN erasures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger_head ADD COLUMN lowest_writer BIGINT NOT NULL DEFAULT 1;
