-- What people say to a validation report: findings acknowledged, and deliveries released, both in the chain of events.

CREATE TABLE acknowledgements (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT acknowledgements_pkey PRIMARY KEY,
    business_date date NOT NULL,
    extract text NOT NULL CONSTRAINT acknowledgements_extract_check CHECK (extract <> ''),
    rule_id text NOT NULL CONSTRAINT acknowledgements_rule_id_check CHECK (btrim(rule_id) <> ''),
    region_code text NOT NULL DEFAULT '000000'
        CONSTRAINT acknowledgements_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    person text NOT NULL CONSTRAINT acknowledgements_person_check CHECK (btrim(person) <> ''),
    reason text NOT NULL CONSTRAINT acknowledgements_reason_check CHECK (btrim(reason) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT acknowledgements_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX acknowledgements_business_date_index ON acknowledgements (business_date);

-- The event of each release; its digest is over the release itself. Releases made before this version have none.
CREATE TABLE release_events (
    release_id bigint CONSTRAINT release_events_pkey PRIMARY KEY
        CONSTRAINT release_events_release_id_fkey REFERENCES delivery_releases (id),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT release_events_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE FUNCTION record_releases() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO release_events (release_id) SELECT id FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION record_releases FROM PUBLIC;

CREATE TRIGGER record_new AFTER INSERT ON delivery_releases REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_releases();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['acknowledgements', 'release_events']
    LOOP
        EXECUTE format('CREATE TRIGGER keep_history BEFORE DELETE OR TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
        EXECUTE format('CREATE TRIGGER keep_rows BEFORE UPDATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
        EXECUTE format('CREATE TRIGGER a_set_event BEFORE INSERT ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION set_event()', name);
        EXECUTE format('CREATE TRIGGER own_event BEFORE INSERT ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION require_own_event()', name);
        EXECUTE format('CREATE INDEX %I ON %I (event_id)', name || '_event_index', name);
        EXECUTE format('GRANT SELECT ON %I TO stable_jobs_app', name);
    END LOOP;
    GRANT INSERT ON acknowledgements TO stable_jobs_app;
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
