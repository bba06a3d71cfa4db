-- The lines of a batch are its own payments, with the amounts that the ledger owes, formed in one event.
CREATE OR REPLACE FUNCTION guard_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    EXECUTE $q$
    SELECT min(coalesce(b.batch_no, n.batch_id::text))
    FROM (SELECT DISTINCT batch_id FROM new_rows) n LEFT JOIN batches b ON b.id = n.batch_id
    WHERE b.event_id IS DISTINCT FROM ledger_event() OR b.state <> 'formed'
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'batch % takes no more lines', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE $q$
    SELECT min(n.end_to_end_id)
    FROM new_rows n JOIN batches b ON b.id = n.batch_id
    LEFT JOIN payments p ON p.id = n.payment_id LEFT JOIN entitlements e ON e.id = p.entitlement_id
    LEFT JOIN (SELECT payment_id, count(*) AS attempts FROM instructions
        WHERE payment_id IN (SELECT payment_id FROM new_rows) GROUP BY payment_id) i ON i.payment_id = n.payment_id
    WHERE p.amount IS DISTINCT FROM n.amount OR e.region_code IS DISTINCT FROM b.region_code
        OR e.policy_year <> b.policy_year OR p.state NOT IN ('cleared', 'corrected')
        OR n.attempt <> 1 + coalesce(i.attempts, 0)
        OR n.end_to_end_id IS DISTINCT FROM end_to_end_id(e.policy_year, e.region_code, e.uscc, p.ordinal, n.attempt)
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % is not its payment', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE $q$
    SELECT min(n.end_to_end_id || ': ' || s.cause)
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN unit_stops s ON s.entitlement_id = p.entitlement_id
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the unit of line % may not be paid until a person has ruled', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
