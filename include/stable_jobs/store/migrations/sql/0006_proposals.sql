-- What two people must agree on; whether this is a demonstration; and what every table of the ledger has in common.

-- One row, written when the database is made, never changed: money of a demonstration and of a bureau never meet.
CREATE TABLE installation (
    id integer CONSTRAINT installation_pkey PRIMARY KEY DEFAULT 1 CONSTRAINT installation_id_check CHECK (id = 1),
    is_demonstration boolean NOT NULL
);

-- Columns that a table of the ledger got after its first version: in an event's digest they count where they have
-- a value, so that the digests of older events stay as they were.
CREATE TABLE later_columns (
    table_name text NOT NULL,
    column_name text NOT NULL,
    CONSTRAINT later_columns_pkey PRIMARY KEY (table_name, column_name)
);

CREATE TABLE proposals (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT proposals_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT proposals_kind_check CHECK (kind ~ '^[a-z][a-z_]*$'),
    region_code text NOT NULL CONSTRAINT proposals_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    subject text NOT NULL CONSTRAINT proposals_subject_check CHECK (btrim(subject) <> ''),
    content jsonb NOT NULL CONSTRAINT proposals_content_check CHECK (jsonb_typeof(content) = 'object'),
    reason text NOT NULL CONSTRAINT proposals_reason_check CHECK (btrim(reason) <> ''),
    proposed_by text NOT NULL CONSTRAINT proposals_proposed_by_check CHECK (btrim(proposed_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT proposals_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX proposals_subject_index ON proposals (kind, region_code, subject);

CREATE TABLE proposal_decisions (
    proposal_id bigint CONSTRAINT proposal_decisions_pkey PRIMARY KEY
        CONSTRAINT proposal_decisions_proposal_id_fkey REFERENCES proposals (id),
    outcome text NOT NULL CONSTRAINT proposal_decisions_outcome_check CHECK (outcome IN ('confirmed', 'rejected')),
    reason text NOT NULL,
    decided_by text NOT NULL CONSTRAINT proposal_decisions_decided_by_check CHECK (btrim(decided_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT proposal_decisions_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE VIEW open_proposals AS
SELECT p.* FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id WHERE d.proposal_id IS NULL;

CREATE FUNCTION guard_proposal() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    known record;
BEGIN
    SELECT id, proposed_by INTO known FROM open_proposals
    WHERE (kind, region_code, subject) = (NEW.kind, NEW.region_code, NEW.subject);
    IF FOUND THEN
        RAISE EXCEPTION 'proposal % of % about % waits for an answer already', known.id, known.proposed_by, NEW.subject
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION guard_proposal_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    proposal record;
BEGIN
    SELECT * INTO proposal FROM proposals WHERE id = NEW.proposal_id;
    IF NEW.outcome = 'confirmed' AND person_key(proposal.proposed_by) = person_key(NEW.decided_by) THEN
        RAISE EXCEPTION 'proposal %: another person than % must confirm it', proposal.id, proposal.proposed_by
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.outcome = 'rejected' AND btrim(NEW.reason) = '' THEN
        RAISE EXCEPTION 'proposal %: a rejection needs a reason', proposal.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- What every table of the ledger has: rows are added and never changed, each of its transaction's event; the
-- application reads, and adds where `is_written`.
CREATE PROCEDURE keep_ledger_table(name text, is_written boolean DEFAULT true) LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER keep_history BEFORE DELETE OR TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
    EXECUTE format('CREATE TRIGGER keep_rows BEFORE UPDATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()', name);
    EXECUTE format('GRANT SELECT ON %I TO stable_jobs_app', name);
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = 'event_id') THEN
        EXECUTE format('CREATE TRIGGER a_set_event BEFORE INSERT ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION set_event()', name);
        EXECUTE format('CREATE TRIGGER own_event BEFORE INSERT ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION require_own_event()', name);
        EXECUTE format('CREATE INDEX %I ON %I (event_id)', name || '_event_index', name);
        IF is_written THEN
            EXECUTE format('GRANT INSERT ON %I TO stable_jobs_app', name);
        END IF;
    END IF;
END $$;

CALL keep_ledger_table('installation');
CALL keep_ledger_table('later_columns');
CALL keep_ledger_table('proposals');
CALL keep_ledger_table('proposal_decisions');
CREATE TRIGGER guard BEFORE INSERT ON proposals FOR EACH ROW EXECUTE FUNCTION guard_proposal();
CREATE TRIGGER guard BEFORE INSERT ON proposal_decisions FOR EACH ROW EXECUTE FUNCTION guard_proposal_decision();
GRANT SELECT ON open_proposals TO stable_jobs_app;

-- What stops a unit's payments, and what stops a region's, until people have ruled. Each cause has a view of its own,
-- which a later version fills; cause: a word; detail: a sentence without an account number.
CREATE VIEW doubt_stops AS
SELECT NULL::bigint AS entitlement_id, NULL::text AS cause, NULL::text AS detail WHERE false;
CREATE VIEW contradiction_stops AS
SELECT NULL::bigint AS entitlement_id, NULL::text AS cause, NULL::text AS detail WHERE false;
CREATE VIEW policy_stops AS SELECT NULL::text AS region_code, NULL::text AS cause, NULL::text AS detail WHERE false;
CREATE VIEW total_stops AS SELECT NULL::text AS region_code, NULL::text AS cause, NULL::text AS detail WHERE false;

CREATE VIEW unit_stops AS
SELECT entitlement_id, cause, detail FROM doubt_stops
UNION ALL SELECT entitlement_id, cause, detail FROM contradiction_stops;

-- reaches_below: the regions below it too.
CREATE VIEW region_stops AS
SELECT region_code, true AS reaches_below, 'hold' AS cause, reason || ' (' || held_by || ')' AS detail FROM standing_holds
UNION ALL SELECT region_code, false, cause, detail FROM policy_stops
UNION ALL SELECT region_code, false, cause, detail FROM total_stops;

GRANT SELECT ON doubt_stops, contradiction_stops, policy_stops, total_stops, unit_stops, region_stops TO stable_jobs_app;

CREATE OR REPLACE FUNCTION require_no_hold(region text, what text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    stop record;
BEGIN
    SELECT * INTO stop FROM region_stops s
    WHERE s.region_code = region OR s.reaches_below AND is_within(region, s.region_code)
    ORDER BY s.cause LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% of region %: payments are stopped: %: %', what, region, stop.cause, stop.detail
            USING ERRCODE = 'restrict_violation';
    END IF;
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
    SELECT min(n.end_to_end_id || ': ' || s.cause) INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN unit_stops s ON s.entitlement_id = p.entitlement_id;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the unit of line % may not be paid until a person has ruled', stranger
            USING ERRCODE = 'restrict_violation';
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
    SELECT min(n.end_to_end_id || ': ' || s.cause) INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN unit_stops s ON s.entitlement_id = p.entitlement_id;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'the unit of line % may not be paid until a person has ruled', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

-- What an event wrote: per table its rows and the SHA-256 over the SHA-256 of each, in their order. Every table with
-- an event_id is in it.
CREATE OR REPLACE FUNCTION event_digest(event bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    name text;
    later text[];
    found jsonb;
    result jsonb := '{}';
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = 'event_id' ORDER BY 1
    LOOP
        SELECT array_agg(column_name) INTO later FROM later_columns WHERE table_name = name;
        EXECUTE format($q$
            SELECT jsonb_build_object('rows', count(*), 'sha256',
                encode(sha256(string_agg(h, ''::bytea ORDER BY h)), 'hex'))
            FROM (SELECT sha256(convert_to((to_jsonb(t) %s %s)::text, 'UTF8')) AS h FROM %I t WHERE t.event_id = $1) r
            HAVING count(*) > 0 $q$,
            CASE WHEN later IS NOT NULL THEN format(
                '- ARRAY(SELECT k FROM unnest(%L::text[]) k WHERE to_jsonb(t) -> k = ''null''::jsonb)', later)
                ELSE '' END,
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
