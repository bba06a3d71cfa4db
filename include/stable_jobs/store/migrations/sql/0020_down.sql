-- The indexes of 0019, and the rows that its version looks for: each payment's first state, each entitlement's newest
-- revision. They belong to events that did not count them, so `ledger verify` of that version names the events since 0020;
-- whoever comes back to 0020 finds them as they were.
ALTER TABLE state_changes DISABLE TRIGGER USER;
INSERT INTO state_changes (id, payment_id, from_state, to_state, reason, changed_on, event_id) OVERRIDING SYSTEM VALUE
SELECT -p.id, p.id, NULL, 'on_notice', '', n.opened_on, p.event_id
FROM payments p JOIN notices n ON n.id = p.notice_id
WHERE NOT EXISTS (SELECT FROM state_changes c WHERE c.payment_id = p.id AND c.from_state IS NULL) ORDER BY p.id;
ALTER TABLE state_changes ENABLE TRIGGER USER;
ALTER TABLE entitlement_revisions DISABLE TRIGGER USER;
INSERT INTO entitlement_revisions
    (entitlement_id, unit_name, scheme, entitled_amount, outside_amount, decided_on, event_id)
SELECT id, unit_name, scheme, entitled_amount, outside_amount, decided_on, event_id
FROM entitlements WHERE event_id IS NOT NULL ORDER BY id;
ALTER TABLE entitlement_revisions ENABLE TRIGGER USER;
DROP TRIGGER IF EXISTS own_event ON entitlements;
DROP TRIGGER IF EXISTS check_event ON entitlements;
DROP TRIGGER IF EXISTS check_event_of_changes ON entitlements;
DROP TRIGGER IF EXISTS own_event_of_changes ON entitlements;
DROP TRIGGER IF EXISTS keep_former ON entitlements;
DROP FUNCTION IF EXISTS keep_former_entitlements;
ALTER TABLE entitlement_revisions DROP COLUMN replaced_in;
ALTER TABLE entitlements DROP COLUMN event_id;
CREATE FUNCTION record_new_payments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    INSERT INTO state_changes (payment_id, from_state, to_state, reason, changed_on)
    SELECT id, NULL, state, reason, changed_on FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;
CREATE FUNCTION record_new_entitlements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    INSERT INTO entitlement_revisions (entitlement_id, unit_name, scheme, entitled_amount, outside_amount, decided_on)
    SELECT id, unit_name, scheme, entitled_amount, outside_amount, decided_on FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION record_new_payments, record_new_entitlements FROM PUBLIC;
CREATE TRIGGER record_new AFTER INSERT ON payments REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_payments();
CREATE TRIGGER record_new AFTER INSERT ON entitlements REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_entitlements();
CREATE TRIGGER record_changed AFTER UPDATE ON entitlements REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_entitlements();
CREATE TRIGGER check_event AFTER INSERT ON entitlement_revisions REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_event();

DROP INDEX state_changes_fallen_index, instructions_batch_index;
CREATE INDEX payments_fallen_index ON payments (changed_on, notice_id)
    WHERE state = 'withdrawn' AND reason NOT IN ('amount_changed', 'scheme_changed');
ALTER TABLE payment_lines
    DROP CONSTRAINT payment_lines_payment_key,
    ADD CONSTRAINT payment_lines_payment_key UNIQUE (batch_id, payment_id);
CREATE INDEX payment_lines_payment_index ON payment_lines (payment_id, id);
CREATE INDEX instructions_batch_index ON instructions (batch_id);
