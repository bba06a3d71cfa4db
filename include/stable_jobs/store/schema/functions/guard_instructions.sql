-- The bank is told only of lines of a batch that is published in this event, of no payment that may have arrived, of no
-- stopped unit, and of no more than a unit is entitled to. Each question is one join that is planned for the rows at hand:
-- a subquery asked per line takes hours for a city's first batch.
CREATE OR REPLACE FUNCTION guard_instructions() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    EXECUTE $q$
    SELECT min(n.end_to_end_id)
    FROM new_rows n
    LEFT JOIN payment_lines l ON l.id = n.line_id
    LEFT JOIN batches b ON b.id = l.batch_id
    LEFT JOIN batch_changes c ON c.batch_id = b.id AND c.to_state = 'published' AND c.event_id = ledger_event()
    LEFT JOIN payments p ON p.id = n.payment_id
    WHERE c.id IS NULL OR b.state <> 'published' OR p.state IS DISTINCT FROM 'batched'
        OR n.instructed_on IS DISTINCT FROM ledger_date()
        OR (n.batch_id, n.payment_id, n.attempt, n.end_to_end_id, n.amount)
            IS DISTINCT FROM (l.batch_id, l.payment_id, l.attempt, l.end_to_end_id, l.amount)
    $q$ INTO stranger;
    IF stranger IS NULL THEN
        EXECUTE $q$
        SELECT min(n.end_to_end_id)
        FROM new_rows n JOIN instructions o ON o.payment_id = n.payment_id AND o.line_id <> n.line_id
        LEFT JOIN line_results r ON r.line_id = o.line_id
        WHERE r.outcome IS DISTINCT FROM 'returned'
        $q$ INTO stranger;
    END IF;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % is not of a batch published now', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE $q$
    SELECT min(s.uscc)
    FROM entitlement_balances s
    WHERE s.entitlement_id IN (SELECT p.entitlement_id FROM new_rows n JOIN payments p ON p.id = n.payment_id)
        AND s.paid + s.open > s.entitled_amount - s.outside + s.to_recover
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'unit % would get more than it is entitled to', stranger
            USING ERRCODE = 'restrict_violation';
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
