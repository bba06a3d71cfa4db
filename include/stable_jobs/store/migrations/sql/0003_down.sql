DROP TRIGGER record_new ON delivery_releases;
DROP TABLE acknowledgements, release_events;
DROP FUNCTION record_releases;
-- Without the function's own time zone: OR REPLACE drops settings that are not named.
CREATE OR REPLACE FUNCTION event_digest(event bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
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
        'budget_entries']
    LOOP
        EXECUTE format($q$
            SELECT jsonb_build_object('rows', count(*), 'sha256',
                encode(sha256(string_agg(h, ''::bytea ORDER BY h)), 'hex'))
            FROM (SELECT sha256(convert_to((to_jsonb(t) %s)::text, 'UTF8')) AS h FROM %I t WHERE t.event_id = $1) r
            HAVING count(*) > 0 $q$,
            CASE WHEN name IN ('payments', 'batches') THEN $s$- '{state,reason,changed_on}'::text[]$s$
                WHEN name = 'entitlement_revisions' THEN $s$|| (
                    SELECT jsonb_build_object('unit', e.region_code || e.uscc || e.policy_year || e.scheme_pair)
                    FROM entitlements e WHERE e.id = t.entitlement_id)$s$ ELSE '' END,
            name) INTO found USING event;
        IF found IS NOT NULL THEN
            result := result || jsonb_build_object(name, found);
        END IF;
    END LOOP;
    RETURN result;
END $$;
