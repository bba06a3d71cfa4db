-- The business date of this transaction's audit event; NULL outside of one.
CREATE OR REPLACE FUNCTION ledger_date() RETURNS date LANGUAGE sql STABLE
RETURN nullif(current_setting('stable_jobs.business_date', true), '')::date;
