-- A payment's row stays where it is when its state changes: no index may know its state, its reason or its day. The days on
-- which payments fell out stand in their history as well, which only grows, so the index over them is there.
DROP INDEX payments_fallen_index;
CREATE INDEX state_changes_fallen_index ON state_changes (changed_on)
    WHERE to_state = 'withdrawn' AND reason NOT IN ('amount_changed', 'scheme_changed');
-- One index finds the lines of a payment, where there were two. Instructions are written batch by batch, so that a block
-- range index finds those of one.
ALTER TABLE payment_lines
    DROP CONSTRAINT payment_lines_payment_key,
    ADD CONSTRAINT payment_lines_payment_key UNIQUE (payment_id, batch_id);
DROP INDEX payment_lines_payment_index, instructions_batch_index;
CREATE INDEX instructions_batch_index ON instructions USING brin (batch_id) WITH (pages_per_range = 16);
-- The view payment_states says that a payment began on notice, with its notice; no row repeats it.
DROP TRIGGER IF EXISTS record_new ON payments;
DROP FUNCTION IF EXISTS record_new_payments;
-- An entitlement says itself in which event it became what it is, and only what it was before becomes another row: its first
-- revision stands nowhere else. NULL for what older versions wrote: its newest revision is in entitlement_revisions.
ALTER TABLE entitlements ADD COLUMN event_id bigint;
ALTER TABLE entitlements ALTER event_id SET DEFAULT nullif(current_setting('stable_jobs.event', true), '')::bigint;
CREATE INDEX entitlements_event_index ON entitlements USING brin (event_id) WITH (pages_per_range = 16);
GRANT UPDATE (event_id) ON entitlements TO stable_jobs_app;
-- replaced_in: the event that replaced it; NULL where older versions wrote each revision down as it came.
ALTER TABLE entitlement_revisions ADD COLUMN replaced_in bigint;
DROP TRIGGER IF EXISTS check_event ON entitlement_revisions;
DROP TRIGGER IF EXISTS record_new ON entitlements;
DROP TRIGGER IF EXISTS record_changed ON entitlements;
DROP FUNCTION IF EXISTS record_new_entitlements;

-- A ledger that had this version before, and went back, has its rows again as this version wrote them: states that its
-- downgrade wrote have numbers below 0, and an event of this version names `entitlements`.
CREATE TEMPORARY TABLE own_events ON COMMIT DROP AS
SELECT id FROM audit_events WHERE body::jsonb -> 'rows' ? 'entitlements';
SET CONSTRAINTS ALL IMMEDIATE;  -- no table may change that has a check to come
ALTER TABLE event_tables DISABLE TRIGGER USER;
ALTER TABLE state_changes DISABLE TRIGGER USER;
DELETE FROM event_tables t USING state_changes c WHERE c.id < 0 AND t.event = c.event_id AND t.table_name = 'state_changes'
    AND NOT EXISTS (SELECT FROM state_changes o WHERE o.event_id = c.event_id AND o.id > 0);
DELETE FROM state_changes WHERE id < 0;
ALTER TABLE state_changes ENABLE TRIGGER USER;
ALTER TABLE entitlement_revisions DISABLE TRIGGER USER;
ALTER TABLE entitlements DISABLE TRIGGER USER;
UPDATE entitlement_revisions r SET replaced_in = v.next
FROM (SELECT id, event_id, lead(event_id) OVER (PARTITION BY entitlement_id ORDER BY id) AS next FROM entitlement_revisions
      WHERE entitlement_id IN (SELECT o.entitlement_id FROM entitlement_revisions o JOIN own_events w ON w.id = o.event_id)) v
WHERE v.id = r.id AND v.event_id IN (SELECT id FROM own_events);
UPDATE entitlements e SET event_id = r.event_id
FROM entitlement_revisions r WHERE r.entitlement_id = e.id AND r.replaced_in IS NULL
    AND r.event_id IN (SELECT id FROM own_events);
DELETE FROM entitlement_revisions WHERE replaced_in IS NULL AND event_id IN (SELECT id FROM own_events);
ALTER TABLE entitlements ENABLE TRIGGER USER;
ALTER TABLE entitlement_revisions ENABLE TRIGGER USER;
DELETE FROM event_tables WHERE table_name = 'entitlement_revisions' AND event IN (SELECT id FROM own_events);
INSERT INTO event_tables SELECT id, 'entitlements' FROM own_events ON CONFLICT DO NOTHING;
ALTER TABLE event_tables ENABLE TRIGGER USER;
