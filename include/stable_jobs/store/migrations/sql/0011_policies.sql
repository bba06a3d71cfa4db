-- What decides who gets how much, by whose approvals: found by every night, confirmed by two people; and how far a
-- region's total may be from its last night's.

CREATE FUNCTION policy_hash(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN encode(sha256(convert_to(content::text, 'UTF8')), 'hex');

-- Every set of values that a region had or was proposed to have: `<scheme>.<parameter>` to value, from, reference.
CREATE TABLE policy_values (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT policy_values_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT policy_values_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    hash text NOT NULL,
    content jsonb NOT NULL CONSTRAINT policy_values_content_check CHECK (jsonb_typeof(content) = 'object'),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT policy_values_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT policy_values_hash_key UNIQUE (region_code, hash),
    CONSTRAINT policy_values_hash_check CHECK (hash = policy_hash(content))
);

CREATE TABLE policy_nights (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT policy_nights_pkey PRIMARY KEY,
    region_code text NOT NULL,
    business_date date NOT NULL DEFAULT ledger_date(),
    hash text NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT policy_nights_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT policy_nights_hash_fkey FOREIGN KEY (region_code, hash) REFERENCES policy_values (region_code, hash)
);

-- From a date on. proposal_id: what two people agreed on. files: SHA-256 of the demonstration's own files, which
-- count as confirmed in a demonstration.
CREATE TABLE policy_confirmations (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT policy_confirmations_pkey PRIMARY KEY,
    region_code text NOT NULL,
    effective_on date NOT NULL,
    hash text NOT NULL,
    proposal_id bigint CONSTRAINT policy_confirmations_proposal_id_fkey REFERENCES proposals (id),
    files text,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT policy_confirmations_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT policy_confirmations_hash_fkey
        FOREIGN KEY (region_code, hash) REFERENCES policy_values (region_code, hash),
    CONSTRAINT policy_confirmations_source_check CHECK ((proposal_id IS NULL) = (files IS NOT NULL))
);

CREATE INDEX policy_nights_newest_index ON policy_nights (region_code, business_date, id);
CREATE INDEX policy_confirmations_newest_index ON policy_confirmations (region_code, effective_on, id);

CREATE FUNCTION guard_policy_confirmation() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM policy_values v WHERE (v.region_code, v.hash) = (NEW.region_code, NEW.hash)
               AND (v.content ? 'fault' OR v.content ? 'bank.fault')) THEN
        RAISE EXCEPTION 'policy of region %: a file with a fault cannot be confirmed', NEW.region_code
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.proposal_id IS NULL THEN
        IF NOT (SELECT is_demonstration FROM installation)
            OR EXISTS (SELECT FROM policy_confirmations WHERE files <> NEW.files) THEN
            RAISE EXCEPTION 'policy of region %: two people must confirm it', NEW.region_code
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND p.kind = 'policy' AND d.outcome = 'confirmed' AND d.event_id = NEW.event_id
          AND p.content -> 'regions' ->> NEW.region_code = NEW.hash
          AND p.content ->> 'from' = NEW.effective_on::text) THEN
        RAISE EXCEPTION 'policy of region %: proposal % does not confirm these values', NEW.region_code, NEW.proposal_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- What counts for the event's night, or for the newest one of the region, beside what was confirmed last for its date
-- and the other values that were confirmed before.
CREATE VIEW policy_standing AS
SELECT f.region_code, f.business_date, f.hash, c.hash AS confirmed_hash, c.proposal_id, c.files, o.hash AS before_hash,
       coalesce(f.hash = c.hash, false) AS is_confirmed,
       (SELECT min(n.business_date) FROM policy_nights n WHERE (n.region_code, n.hash) = (f.region_code, f.hash))
           AS first_night
FROM (
    SELECT DISTINCT ON (region_code) region_code, business_date, hash FROM policy_nights
    WHERE ledger_date() IS NULL OR business_date = ledger_date()
    ORDER BY region_code, business_date DESC, id DESC
) f
LEFT JOIN LATERAL (
    SELECT k.hash, k.proposal_id, k.files FROM policy_confirmations k
    WHERE k.region_code = f.region_code AND k.effective_on <= f.business_date
    ORDER BY k.effective_on DESC, k.id DESC LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT k.hash FROM policy_confirmations k
    WHERE k.region_code = f.region_code AND k.effective_on <= f.business_date AND k.hash <> f.hash
    ORDER BY k.effective_on DESC, k.id DESC LIMIT 1) o ON true;

-- Each value that differs between two sets of a region; every value where there is no older set.
CREATE FUNCTION policy_differences(region text, old_hash text, new_hash text)
RETURNS TABLE (name text, old jsonb, new jsonb) LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT coalesce(n.key, o.key), o.value, n.value
    FROM (SELECT e.key, e.value FROM policy_values v, jsonb_each(v.content) e
          WHERE (v.region_code, v.hash) = (region, new_hash)) n
    FULL JOIN (SELECT e.key, e.value FROM policy_values v, jsonb_each(v.content) e
          WHERE (v.region_code, v.hash) = (region, old_hash)) o ON o.key = n.key
    WHERE n.value IS DISTINCT FROM o.value
    ORDER BY 1;
END;

CREATE OR REPLACE VIEW policy_stops AS
SELECT s.region_code, 'policy' AS cause,
       CASE WHEN d.fault IS NOT NULL THEN d.fault
            WHEN s.confirmed_hash IS NULL THEN d.count || ' values that nobody has confirmed'
            ELSE 'not confirmed: ' || d.names || CASE WHEN d.count > 5 THEN ', and ' || d.count - 5 || ' more' ELSE '' END
       END || '; stable-jobs policy show --region ' || s.region_code AS detail
FROM policy_standing s
CROSS JOIN LATERAL (
    SELECT count(*) AS count, string_agg(name, ', ' ORDER BY name) FILTER (WHERE place <= 5) AS names,
           max(new ->> 'value') FILTER (WHERE name IN ('fault', 'bank.fault')) AS fault
    FROM (SELECT name, new, row_number() OVER (ORDER BY name) AS place
          FROM policy_differences(s.region_code, s.confirmed_hash, s.hash)) t
) d
WHERE NOT s.is_confirmed;

-- What a region's units were entitled to on a night, all together: taken rows, yuan. last_id: the total it is measured
-- by, the newest of an earlier night of the year that was not beyond, or that a person accepted.
CREATE TABLE region_totals (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT region_totals_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT region_totals_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    business_date date NOT NULL DEFAULT ledger_date(),
    units bigint NOT NULL,
    total numeric(18, 2) NOT NULL,
    factor numeric(9, 4),
    floor numeric(18, 2),
    last_id bigint CONSTRAINT region_totals_last_id_fkey REFERENCES region_totals (id),
    is_beyond boolean NOT NULL DEFAULT false,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT region_totals_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE total_rulings (
    total_id bigint CONSTRAINT total_rulings_pkey PRIMARY KEY
        CONSTRAINT total_rulings_total_id_fkey REFERENCES region_totals (id),
    reason text NOT NULL CONSTRAINT total_rulings_reason_check CHECK (btrim(reason) <> ''),
    ruled_by text NOT NULL CONSTRAINT total_rulings_ruled_by_check CHECK (btrim(ruled_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT total_rulings_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX region_totals_newest_index ON region_totals (region_code, business_date, id);

CREATE FUNCTION guard_total() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT t.id, t.total INTO last FROM region_totals t LEFT JOIN total_rulings r ON r.total_id = t.id
    WHERE t.region_code = NEW.region_code AND t.business_date < NEW.business_date
      AND extract(year FROM t.business_date) = extract(year FROM NEW.business_date)
      AND (NOT t.is_beyond OR r.total_id IS NOT NULL)
    ORDER BY t.business_date DESC, t.id DESC LIMIT 1;
    NEW.last_id := last.id;
    NEW.is_beyond := coalesce(NEW.total > last.total * NEW.factor AND NEW.total > coalesce(NEW.floor, 0), false);
    RETURN NEW;
END $$;

CREATE VIEW total_standing AS
SELECT DISTINCT ON (t.region_code) t.id, t.region_code, t.business_date, t.units, t.total, t.factor, t.is_beyond,
       l.business_date AS last_date, l.total AS last_total, r.ruled_by, r.reason
FROM region_totals t LEFT JOIN region_totals l ON l.id = t.last_id LEFT JOIN total_rulings r ON r.total_id = t.id
WHERE ledger_date() IS NULL OR t.business_date = ledger_date()
ORDER BY t.region_code, t.business_date DESC, t.id DESC;

CREATE OR REPLACE VIEW total_stops AS
SELECT region_code, 'total' AS cause,
       total || ' yuan on ' || business_date || ' are more than ' || trim_scale(factor) || ' times the ' || last_total
       || ' yuan of ' || last_date || '; stable-jobs policy accept-total --region ' || region_code || ' --date '
       || business_date AS detail
FROM total_standing WHERE is_beyond AND ruled_by IS NULL;

-- The ledger takes nothing over from a night whose region is stopped for its values or its total.
CREATE FUNCTION guard_region_nights() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stop record;
BEGIN
    SELECT s.* INTO stop FROM new_rows n
    JOIN (SELECT * FROM policy_stops UNION ALL SELECT * FROM total_stops) s ON s.region_code = n.region_code
    WHERE NOT n.is_held LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the night of region % is not taken over: %: %', stop.region_code, stop.cause, stop.detail
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_stopped AFTER INSERT ON region_nights REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_region_nights();

-- A general refund gives back part of a premium, never more than all of it.
CREATE FUNCTION guard_notice_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    SELECT min(e.uscc) INTO stranger
    FROM new_rows n JOIN payments p ON p.id = n.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    WHERE p.scheme = 'general' AND (n.premium_base IS NULL OR e.entitled_amount > n.premium_base
                                    OR n.amount > n.premium_base);
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'unit % would get back more than the premium it paid', stranger
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_premium AFTER INSERT ON notice_lines REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_notice_lines();

CALL keep_ledger_table('policy_values');
CALL keep_ledger_table('policy_nights');
CALL keep_ledger_table('policy_confirmations');
CALL keep_ledger_table('region_totals');
CALL keep_ledger_table('total_rulings');
CREATE TRIGGER guard BEFORE INSERT ON policy_confirmations FOR EACH ROW EXECUTE FUNCTION guard_policy_confirmation();
CREATE TRIGGER guard BEFORE INSERT ON region_totals FOR EACH ROW EXECUTE FUNCTION guard_total();
GRANT SELECT ON policy_standing, total_standing TO stable_jobs_app;
