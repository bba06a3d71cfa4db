-- A payment's new state is one that its life cycle allows and that other rows prove: a payment of which any line arrived is
-- paid, and one whose newest line came back by no fault of the payee may go again to the same account.
CREATE OR REPLACE FUNCTION check_changed_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    EXECUTE $q$ WITH found AS MATERIALIZED (
    SELECT n.id, o.state AS from_state, n.state
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE NOT EXISTS (
        SELECT FROM life_cycle c WHERE c.subject = 'payment' AND c.from_state = o.state AND c.to_state = n.state)
    ) SELECT * FROM found ORDER BY id LIMIT 1 $q$ INTO wrong;
    IF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: % cannot become %', wrong.id, wrong.from_state, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE $q$ WITH found AS MATERIALIZED (
    SELECT n.id, n.state
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    LEFT JOIN LATERAL (
        SELECT i.attempt, r.outcome, r.fault FROM instructions i LEFT JOIN line_results r ON r.line_id = i.line_id
        WHERE i.payment_id = n.id ORDER BY i.attempt DESC LIMIT 1) newest ON true
    LEFT JOIN LATERAL (
        SELECT true AS arrived FROM instructions i JOIN line_results r ON r.line_id = i.line_id
        WHERE i.payment_id = n.id AND r.outcome = 'paid' LIMIT 1) any_line ON true
    WHERE NOT (CASE n.state
        WHEN 'batched' THEN EXISTS (
            SELECT FROM payment_lines l JOIN batches b ON b.id = l.batch_id
            WHERE l.payment_id = n.id AND b.state = 'formed')
        WHEN 'instructed' THEN newest.attempt IS NOT NULL AND newest.outcome IS NULL
        WHEN 'paid' THEN newest.outcome IS NOT NULL AND any_line.arrived
        WHEN 'returned' THEN newest.outcome = 'returned' AND any_line.arrived IS NULL
        WHEN 'corrected' THEN newest.outcome = 'returned' AND any_line.arrived IS NULL
            AND (o.state = 'batched' OR NOT is_payees_fault(newest.fault) OR EXISTS (
            SELECT FROM account_corrections c LEFT JOIN account_confirmations k ON k.correction_id = c.id
            WHERE c.payment_id = n.id AND (c.source = 'extract' OR k.correction_id IS NOT NULL)
              AND c.after_attempt = newest.attempt))
        WHEN 'cleared' THEN newest.attempt IS NULL
        ELSE true END IS TRUE)
    ) SELECT * FROM found ORDER BY id LIMIT 1 $q$ INTO wrong;
    IF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: nothing in the ledger makes it %', wrong.id, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
