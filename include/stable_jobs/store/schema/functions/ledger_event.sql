-- The number of this transaction's audit event; NULL outside of one.
CREATE OR REPLACE FUNCTION ledger_event() RETURNS bigint LANGUAGE sql STABLE
RETURN nullif(current_setting('stable_jobs.event', true), '')::bigint;
