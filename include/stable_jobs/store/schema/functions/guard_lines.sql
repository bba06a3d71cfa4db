-- The lines of a batch are its own payments, with the amounts that the ledger owes, formed in one event.
CREATE OR REPLACE FUNCTION guard_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(b.batch_no) INTO stranger FROM new_rows n JOIN batches b ON b.id = n.batch_id
    WHERE b.event_id <> ledger_event() OR b.state <> 'formed';
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'batch % takes no more lines', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT min(n.end_to_end_id) INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN batches b ON b.id = n.batch_id
    WHERE p.amount <> n.amount OR e.region_code <> b.region_code OR e.policy_year <> b.policy_year
        OR p.state NOT IN ('cleared', 'corrected')
        OR n.attempt <> 1 + (SELECT count(*) FROM instructions i WHERE i.payment_id = p.id)
        OR n.end_to_end_id <> end_to_end_id(e.policy_year, e.region_code, e.uscc, p.ordinal, n.attempt);
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % is not its payment', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT min(n.end_to_end_id || ': ' || s.cause) INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN unit_stops s ON s.entitlement_id = p.entitlement_id;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the unit of line % may not be paid until a person has ruled', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
