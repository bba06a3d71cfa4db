DROP VIEW open_proposals, region_stops, unit_stops, doubt_stops, contradiction_stops, policy_stops, total_stops;
DROP TABLE proposal_decisions, proposals, later_columns, installation;
DROP FUNCTION guard_proposal, guard_proposal_decision;
DROP PROCEDURE keep_ledger_table;
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

CREATE OR REPLACE FUNCTION require_no_hold(region text, what text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    hold record;
BEGIN
    SELECT * INTO hold FROM standing_holds WHERE is_within(region, region_code) LIMIT 1;
    IF hold IS NOT NULL THEN
        RAISE EXCEPTION '% of region %: payments are held by %: %', what, region, hold.held_by, hold.reason
            USING ERRCODE = 'restrict_violation';
    END IF;
END $$;

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
