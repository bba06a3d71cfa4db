-- What proves afterwards what a night stood on: the bytes of its files and the catalog's rows, bound to the night's event.

-- What a registered file consists of. A snapshot of an older version has no row here, and no money rests on it.
CREATE TABLE snapshot_contents (
    snapshot_id bigint CONSTRAINT snapshot_contents_pkey PRIMARY KEY
        CONSTRAINT snapshot_contents_snapshot_id_fkey REFERENCES snapshots (id),
    sha256 text NOT NULL CONSTRAINT snapshot_contents_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint NOT NULL CONSTRAINT snapshot_contents_size_bytes_check CHECK (size_bytes >= 0)
);
CALL keep_ledger_table('snapshot_contents');
GRANT INSERT ON snapshot_contents TO stable_jobs_app;

-- What a night's decision stood on when the ledger took it over: each row of the catalog with its SHA-256, the SHA-256
-- of a snapshot's bytes in it.
CREATE TABLE night_evidence (
    decision_id bigint NOT NULL CONSTRAINT night_evidence_decision_id_fkey REFERENCES snapshots (id),
    subject text NOT NULL
        CONSTRAINT night_evidence_subject_check CHECK (subject IN ('snapshot', 'delivery', 'validation')),
    subject_id bigint NOT NULL,
    sha256 text NOT NULL CONSTRAINT night_evidence_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT night_evidence_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT night_evidence_pkey PRIMARY KEY (decision_id, subject, subject_id)
);
CALL keep_ledger_table('night_evidence');

CREATE FUNCTION row_sha256(VARIADIC parts text[]) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = public, pg_temp
RETURN encode(sha256(convert_to(to_jsonb(parts)::text, 'UTF8')), 'hex');

-- The catalog's rows as they are now. What may change later of a delivery (what became of it) is not in its digest.
CREATE VIEW catalog_digests AS
SELECT 'snapshot' AS subject, s.id AS subject_id, row_sha256(s.kind, s.business_date::text, s.fingerprint, s.name,
    s.rows::text, c.sha256, c.size_bytes::text) AS sha256
FROM snapshots s LEFT JOIN snapshot_contents c ON c.snapshot_id = s.id
UNION ALL
SELECT 'delivery', d.id, row_sha256(d.department, d.extract, d.business_date::text, d.region_code, d.sequence::text,
    d.file_name, d.file_format, d.sha256, d.size_bytes::text, extract(epoch FROM d.received_at)::text)
FROM deliveries d
UNION ALL
SELECT 'validation', v.id, row_sha256(v.business_date::text, v.extract, v.fingerprint, v.quarantine_snapshot_id::text,
    (SELECT string_agg(row_sha256(o.delivery_id::text, o.region_code, o.received::text, o.accepted::text,
        o.quarantined::text, o.held_rule), '' ORDER BY o.delivery_id, o.region_code)
    FROM delivery_outcomes o WHERE o.validation_id = v.id))
FROM validations v;

-- What a decision stands on: its own files, those it was made from, their deliveries, and what was found of these.
CREATE FUNCTION decision_evidence(decision bigint) RETURNS TABLE (subject text, subject_id bigint) LANGUAGE sql STABLE
SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH own AS (
        SELECT s.id, s.inputs FROM snapshots s
        WHERE s.fingerprint = (SELECT d.fingerprint FROM snapshots d WHERE d.id = decision)
    ), made_from AS (
        SELECT DISTINCT CASE WHEN x ->> 2 ~ '^[0-9]+$' THEN (x ->> 2)::bigint END AS delivery_id,
               x ->> 3 AS staged, x ->> 4 AS quarantine
        FROM own CROSS JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(own.inputs -> 'in_force') WHEN 'array' THEN own.inputs -> 'in_force' ELSE '[]' END) x
        WHERE own.id = decision AND jsonb_typeof(x) = 'array'
    ), files AS (
        SELECT id FROM own
        UNION SELECT s.id FROM snapshots s JOIN made_from m ON s.name IN (m.staged, m.quarantine)
        UNION SELECT s.id FROM snapshots s JOIN own ON own.id = decision
            WHERE s.kind = 'paid_by_us' AND s.fingerprint = own.inputs ->> 'paid_by_us'
    )
    SELECT 'snapshot'::text, id FROM files
    UNION ALL SELECT 'delivery', d.id FROM deliveries d JOIN made_from m ON m.delivery_id = d.id
    UNION ALL SELECT 'validation', v.id FROM validations v WHERE v.quarantine_snapshot_id IN (SELECT id FROM files);
END;

CREATE VIEW broken_evidence AS
SELECT e.decision_id, e.event_id, e.subject, e.subject_id, e.sha256 AS expected, c.sha256 AS found
FROM night_evidence e LEFT JOIN catalog_digests c ON c.subject = e.subject AND c.subject_id = e.subject_id
WHERE c.sha256 IS DISTINCT FROM e.sha256;

-- Nothing but what the catalog says now goes into a night's event.
CREATE FUNCTION guard_evidence() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger record;
BEGIN
    SELECT n.subject, n.subject_id INTO stranger
    FROM new_rows n LEFT JOIN catalog_digests c ON c.subject = n.subject AND c.subject_id = n.subject_id
    WHERE c.sha256 IS DISTINCT FROM n.sha256 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% % is not what the catalog says', stranger.subject, stranger.subject_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER guard AFTER INSERT ON night_evidence REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_evidence();

GRANT SELECT ON catalog_digests, broken_evidence TO stable_jobs_app;

-- What people say of doubts, accounts and totals is written by their own hand, as in 0009.
CREATE TRIGGER hand BEFORE INSERT ON doubt_rulings FOR EACH ROW EXECUTE FUNCTION require_hand('ruled_by', 'system');
CREATE TRIGGER hand BEFORE INSERT ON account_acceptances FOR EACH ROW EXECUTE FUNCTION require_hand('accepted_by');
CREATE TRIGGER hand BEFORE INSERT ON total_rulings FOR EACH ROW EXECUTE FUNCTION require_hand('ruled_by');
