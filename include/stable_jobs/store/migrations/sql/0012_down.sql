DO $$
BEGIN
    EXECUTE replace(pg_get_functiondef('guard_instructions'::regproc), 'line_results r', 'bank_results r');
END $$;
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
ALTER TABLE life_cycle DISABLE TRIGGER keep_history;
DELETE FROM life_cycle WHERE subject = 'payment' AND (from_state, to_state) IN (('paid', 'returned'),
    ('returned', 'paid'), ('corrected', 'paid'), ('withdrawn', 'paid'), ('waived', 'paid'));
ALTER TABLE life_cycle ENABLE TRIGGER keep_history;
ALTER TABLE later_columns DISABLE TRIGGER keep_history;
DELETE FROM later_columns WHERE table_name = 'bank_results' AND column_name = 'fault';
ALTER TABLE later_columns ENABLE TRIGGER keep_history;
DROP TRIGGER guard_accounts ON payment_lines;
DO $$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW entitlement_standing AS ' || obj_description('surplus_payments'::regclass, 'pg_class');
END $$;
CREATE OR REPLACE VIEW contradiction_stops AS
SELECT NULL::bigint AS entitlement_id, NULL::text AS cause, NULL::text AS detail WHERE false;
DROP FUNCTION payments_sent;
DROP VIEW surplus_payments, accepted_accounts, doubtful_accounts, failed_lines, duplicate_lines, open_contradictions,
    line_results, newest_settlements;
DROP FUNCTION guard_line_accounts, is_same_failure, is_payees_fault, guard_contradiction CASCADE;
DROP TABLE account_acceptances, new_accounts, settlements, contradictions;
DROP FUNCTION guard_settlement;
DROP INDEX bank_answer_rows_duplicate_index;
ALTER TABLE bank_results DROP COLUMN fault;
ALTER TABLE bank_answer_rows DROP CONSTRAINT bank_answer_rows_standing_check,
    DROP CONSTRAINT bank_answer_rows_rule_check,
    ADD CONSTRAINT bank_answer_rows_standing_check
        CHECK (standing IN ('applied', 'repeated', 'pending', 'refused')) NOT VALID,
    ADD CONSTRAINT bank_answer_rows_rule_check CHECK ((standing = 'refused') = (rule IS NOT NULL)) NOT VALID;
