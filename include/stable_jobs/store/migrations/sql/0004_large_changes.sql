-- The checks of changed payments, planned for the rows that changed. A function keeps the plan of its first run,
-- here often one of no row at all: a nested loop, which would take hours for a million payments. MATERIALIZED and
-- min, as a LIMIT makes the planner hope for an early wrong row, of which there is none.

CREATE OR REPLACE FUNCTION check_changed_payments() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
        SELECT i.attempt, r.outcome FROM instructions i LEFT JOIN bank_results r ON r.line_id = i.line_id
        WHERE i.payment_id = n.id ORDER BY i.attempt DESC LIMIT 1) newest ON true
    WHERE NOT (CASE n.state
        WHEN 'batched' THEN EXISTS (
            SELECT FROM payment_lines l JOIN batches b ON b.id = l.batch_id
            WHERE l.payment_id = n.id AND b.state = 'formed')
        WHEN 'instructed' THEN newest.attempt IS NOT NULL AND newest.outcome IS NULL
        WHEN 'paid' THEN newest.outcome = 'paid'
        WHEN 'returned' THEN newest.outcome = 'returned'
        WHEN 'corrected' THEN newest.outcome = 'returned' AND (o.state = 'batched' OR EXISTS (
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

CREATE OR REPLACE FUNCTION record_changed_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE $q$
    INSERT INTO state_changes (payment_id, from_state, to_state, reason, changed_on)
    SELECT n.id, o.state, n.state, n.reason, n.changed_on
    FROM new_rows n JOIN old_rows o ON o.id = n.id ORDER BY n.id
    $q$;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_instructions() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(n.end_to_end_id) INTO stranger
    FROM new_rows n
    JOIN payment_lines l ON l.id = n.line_id
    JOIN batches b ON b.id = l.batch_id
    LEFT JOIN batch_changes c ON c.batch_id = b.id AND c.to_state = 'published' AND c.event_id = ledger_event()
    JOIN payments p ON p.id = n.payment_id
    WHERE c.id IS NULL OR b.state <> 'published' OR p.state <> 'batched'
        OR n.instructed_on IS DISTINCT FROM ledger_date()
        OR EXISTS (SELECT FROM instructions o LEFT JOIN bank_results r ON r.line_id = o.line_id
            WHERE o.payment_id = n.payment_id AND o.line_id <> n.line_id AND r.outcome IS DISTINCT FROM 'returned')
        OR (n.batch_id, n.payment_id, n.attempt, n.end_to_end_id, n.amount)
            IS DISTINCT FROM (l.batch_id, l.payment_id, l.attempt, l.end_to_end_id, l.amount)
   ;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'line % is not of a batch published now', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT min(e.uscc) INTO stranger
    FROM entitlements e
    JOIN (SELECT DISTINCT p.entitlement_id FROM new_rows n JOIN payments p ON p.id = n.payment_id) t
        ON t.entitlement_id = e.id
    JOIN entitlement_standing s ON s.entitlement_id = e.id
    WHERE s.paid + s.open > s.entitled_amount - s.outside + s.recovering;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'unit % would get more than it is entitled to', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_bank_results() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(i.end_to_end_id) INTO stranger
    FROM new_rows n JOIN instructions i ON i.line_id = n.line_id JOIN payments p ON p.id = i.payment_id
    WHERE n.amount <> i.amount OR p.state <> 'instructed';
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the answer to line % does not fit it', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
