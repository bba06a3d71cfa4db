DROP VIEW open_proposals;
DROP TABLE proposal_decisions, proposals, later_columns, installation;
DROP FUNCTION guard_proposal, guard_proposal_decision;
DROP PROCEDURE keep_ledger_table;
-- As before, over these two tables too. An instant is written in one time zone, whatever the session's.
CREATE OR REPLACE FUNCTION event_digest(event bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    name text;
    found jsonb;
    result jsonb := '{}';
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'region_nights', 'entitlement_revisions', 'notices', 'payments', 'state_changes', 'notice_lines',
        'notice_closings', 'objections', 'objection_decisions', 'batches', 'batch_changes', 'payment_lines',
        'batch_preparers', 'approver_changes', 'approvals', 'instructions', 'published_files', 'bank_answers',
        'bank_answer_rows', 'bank_results', 'account_corrections', 'account_confirmations', 'recovery_cases',
        'recovery_closings', 'reported_refunds', 'refund_rulings', 'region_holds', 'region_hold_releases',
        'budget_entries', 'acknowledgements', 'release_events']
    LOOP
        EXECUTE format($q$
            SELECT jsonb_build_object('rows', count(*), 'sha256',
                encode(sha256(string_agg(h, ''::bytea ORDER BY h)), 'hex'))
            FROM (SELECT sha256(convert_to((to_jsonb(t) %s)::text, 'UTF8')) AS h FROM %I t WHERE t.event_id = $1) r
            HAVING count(*) > 0 $q$,
            CASE WHEN name IN ('payments', 'batches') THEN $s$- '{state,reason,changed_on}'::text[]$s$
                WHEN name = 'entitlement_revisions' THEN $s$|| (
                    SELECT jsonb_build_object('unit', e.region_code || e.uscc || e.policy_year || e.scheme_pair)
                    FROM entitlements e WHERE e.id = t.entitlement_id)$s$
                WHEN name = 'release_events' THEN $s$|| (
                    SELECT to_jsonb(d) FROM delivery_releases d WHERE d.id = t.release_id)$s$ ELSE '' END,
            name) INTO found USING event;
        IF found IS NOT NULL THEN
            result := result || jsonb_build_object(name, found);
        END IF;
    END LOOP;
    RETURN result;
END $$;
