DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_events', 'objections', 'objection_decisions', 'approver_changes', 'approvals',
        'account_corrections', 'account_confirmations', 'recovery_closings', 'refund_rulings', 'region_holds',
        'region_hold_releases', 'budget_entries', 'acknowledgements', 'proposals', 'proposal_decisions']
    LOOP
        EXECUTE format('DROP TRIGGER hand ON %I', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['approvals', 'region_hold_releases', 'account_confirmations', 'proposal_decisions']
    LOOP
        EXECUTE format('DROP TRIGGER hand_kind ON %I', name);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'stable_jobs_reader') THEN
        REVOKE ALL ON ALL TABLES IN SCHEMA public FROM stable_jobs_reader;
    END IF;
END $$;
DROP TRIGGER known ON approver_changes;
DROP VIEW masked_accounts, shared_accounts, approval_hands, assigned_approvers;
CREATE VIEW assigned_approvers AS
SELECT person, region_code, level FROM (
    SELECT DISTINCT ON (person, region_code, level) person, region_code, level, is_assigned
    FROM approver_changes ORDER BY person, region_code, level, id DESC
) newest WHERE is_assigned;
GRANT SELECT ON assigned_approvers TO stable_jobs_app;
DROP FUNCTION as_known;
DROP TABLE event_hands, known_persons;
DROP PROCEDURE grant_reading;
DROP FUNCTION guard_hand, guard_event_hand, require_hand, guard_same_kind, guard_approval_hand, guard_known_approver,
    hand_words, record_hand;

CREATE OR REPLACE FUNCTION person_key(person text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN lower(btrim(normalize(person, NFKC)));
