-- A night takes over a decision of its own date.
CREATE OR REPLACE FUNCTION require_decision_of_date(decision bigint, of_date date) RETURNS void LANGUAGE plpgsql
SET search_path = ledger, public, pg_temp AS $$
DECLARE
    found record;
BEGIN
    SELECT kind, business_date INTO found FROM snapshots WHERE id = decision;
    IF found.kind IS DISTINCT FROM 'eligibility' OR found.business_date IS DISTINCT FROM of_date
        OR of_date IS DISTINCT FROM ledger_date() THEN
        RAISE EXCEPTION 'the night of % cannot take over %: it is no decision of that date',
            coalesce(ledger_date()::text, 'no date'), decision USING ERRCODE = 'restrict_violation';
    END IF;
END $$;
