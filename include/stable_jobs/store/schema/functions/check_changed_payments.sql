-- Of a payment only the state changes, as its life cycle allows and other rows prove: a payment of which any line arrived is
-- paid, and one whose newest line came back by no fault of the payee may go again to the same account.
CREATE OR REPLACE FUNCTION check_changed_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
    EXECUTE $q$
    SELECT o.id, o.state AS from_state, n.state, (n.entitlement_id, n.ordinal, n.notice_id, n.scheme, n.amount, n.event_id)
        IS DISTINCT FROM (o.entitlement_id, o.ordinal, o.notice_id, o.scheme, o.amount, o.event_id) AS is_another
    FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id
    LEFT JOIN life_cycle c ON c.subject = 'payment' AND c.from_state = o.state AND c.to_state = n.state
    WHERE c.subject IS NULL OR (n.entitlement_id, n.ordinal, n.notice_id, n.scheme, n.amount, n.event_id)
        IS DISTINCT FROM (o.entitlement_id, o.ordinal, o.notice_id, o.scheme, o.amount, o.event_id)
    ORDER BY is_another DESC, o.id LIMIT 1
    $q$ INTO wrong;
    IF wrong.is_another THEN
        RAISE EXCEPTION 'of a payment only the state changes' USING ERRCODE = 'restrict_violation';
    ELSIF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: % cannot become %', wrong.id, wrong.from_state, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE $q$
    SELECT id, state FROM (
        SELECT n.id, n.state FROM new_rows n
        LEFT JOIN (payment_lines l JOIN batches b ON b.id = l.batch_id AND b.state = 'formed') ON l.payment_id = n.id
        WHERE n.state = 'batched' AND l.id IS NULL
        UNION ALL
        SELECT s.id, s.state FROM (
            SELECT DISTINCT ON (n.id) n.id, n.state, o.state AS from_state, i.attempt, r.outcome, r.fault,
                   coalesce(bool_or(r.outcome = 'paid') OVER (PARTITION BY n.id), false) AS has_arrived
            FROM new_rows n JOIN old_rows o ON o.id = n.id
            LEFT JOIN instructions i ON i.payment_id = n.id
            LEFT JOIN line_results r ON r.line_id = i.line_id
            WHERE n.state IN ('cleared', 'instructed', 'paid', 'returned', 'corrected')
            ORDER BY n.id, i.attempt DESC NULLS LAST
        ) s
        WHERE NOT (CASE s.state
            WHEN 'cleared' THEN s.attempt IS NULL
            WHEN 'instructed' THEN s.attempt IS NOT NULL AND s.outcome IS NULL
            WHEN 'paid' THEN s.outcome IS NOT NULL AND s.has_arrived
            WHEN 'returned' THEN s.outcome = 'returned' AND NOT s.has_arrived
            WHEN 'corrected' THEN s.outcome = 'returned' AND NOT s.has_arrived
                AND (s.from_state = 'batched' OR NOT is_payees_fault(s.fault) OR EXISTS (
                SELECT FROM account_corrections c LEFT JOIN account_confirmations k ON k.correction_id = c.id
                WHERE c.payment_id = s.id AND (c.source = 'extract' OR k.correction_id IS NOT NULL)
                  AND c.after_attempt = s.attempt))
            END IS TRUE)
    ) found ORDER BY id LIMIT 1
    $q$ INTO wrong;
    IF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'payment %: nothing in the ledger makes it %', wrong.id, wrong.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
