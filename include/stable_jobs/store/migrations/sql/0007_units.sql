-- A unit and its codes over time; what looks like one unit or one account twice; what decision and ledger say apart.

-- An account number as it is compared: half width, upper case, without blanks, hyphens, dots and leading zeros.
-- `stable_jobs.accounts.account_key` says the same.
CREATE FUNCTION account_key(account_no text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN nullif(ltrim(regexp_replace(upper(normalize(account_no, NFKC)),
    '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000'
    '\u002e\u00b7\u2022\u2024\u2027\u2219\u22c5\u3002\u30fb\uff0e\uff61\uff65'
    '\u058a\u05be\u1806\u2010-\u2015\u2043\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\u30fc'
    '\ufe31\ufe32\ufe58\ufe63\uff0d\uff70\u002d]', '', 'g'), '0'), '');

-- A name as it is compared: the private characters of GBK and of GB 18030 before 2022 as what they are now, NFKC,
-- without blanks. `stable_jobs.names.comparable_name` says the same.
CREATE FUNCTION name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN regexp_replace(normalize(translate(name,
    U&'\E5E5\E76C\E78D\E78E\E78F\E790\E791\E792\E793\E794\E795\E796\E7C7\E7C8\E7E7\E7E8\E7E9\E7EA\E7EB\E7EC\E7ED\E7EE'
    '\E7EF\E7F0\E7F1\E7F2\E7F3\E815\E816\E817\E818\E819\E81A\E81B\E81C\E81D\E81E\E81F\E820\E821\E822\E823\E824\E825'
    '\E826\E827\E828\E829\E82A\E82B\E82C\E82D\E82E\E82F\E830\E831\E832\E833\E834\E835\E836\E837\E838\E839\E83A\E83B'
    '\E83C\E83D\E83E\E83F\E840\E841\E842\E843\E844\E845\E846\E847\E848\E849\E84A\E84B\E84C\E84D\E84E\E84F\E850\E851'
    '\E852\E853\E854\E855\E856\E857\E858\E859\E85A\E85B\E85C\E85D\E85E\E85F\E860\E861\E862\E863\E864',
    U&'\3000\20AC\FE10\FE12\FE11\FE13\FE14\FE15\FE16\FE17\FE18\FE19\1E3F\01F9\303E\2FF0\2FF1\2FF2\2FF3\2FF4\2FF5\2FF6'
    '\2FF7\2FF8\2FF9\2FFA\2FFB\2E81\+020087\+020089\+0200CC\2E84\3473\3447\2E88\2E8B\9FB4\359E\361A\360E\2E8C\2E97'
    '\396E\3918\9FB5\39CF\39DF\3A73\39D0\9FB6\9FB7\3B4E\3C6E\3CE0\2EA7\+0215D7\9FB8\2EAA\4056\415F\2EAE\4337\2EB3'
    '\2EB6\2EB7\+02298F\43B1\43AC\2EBB\43DD\44D6\4661\464C\9FB9\4723\4729\477C\478D\2ECA\4947\497A\497D\4982\4983'
    '\4985\4986\499F\499B\49B7\49B6\9FBA\+0241FE\4CA3\4C9F\4CA0\4CA1\4C77\4CA2\4D13\4D14\4D15\4D16\4D17\4D18\4D19'
    '\4DAE\9FBB'), NFKC),
    '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]', '', 'g');

CREATE TABLE doubts (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT doubts_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT doubts_kind_check CHECK (kind IN ('new_code', 'two_regions', 'shared_account',
        'account_other_name', 'unit_number_reused', 'one_unit_twice')),
    entitlement_id bigint NOT NULL CONSTRAINT doubts_entitlement_id_fkey REFERENCES entitlements (id),
    other_entitlement_id bigint NOT NULL
        CONSTRAINT doubts_other_entitlement_id_fkey REFERENCES entitlements (id),
    units bigint NOT NULL CONSTRAINT doubts_units_check CHECK (units >= 2),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT doubts_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT doubts_order_check CHECK (other_entitlement_id < entitlement_id)
);
COMMENT ON COLUMN doubts.units IS 'how many units share what is shared';

CREATE INDEX doubts_entitlement_index ON doubts (entitlement_id);
CREATE INDEX doubts_other_entitlement_index ON doubts (other_entitlement_id);

-- gone: a later night no longer shows it.
CREATE TABLE doubt_rulings (
    doubt_id bigint CONSTRAINT doubt_rulings_pkey PRIMARY KEY
        CONSTRAINT doubt_rulings_doubt_id_fkey REFERENCES doubts (id),
    outcome text NOT NULL CONSTRAINT doubt_rulings_outcome_check CHECK (outcome IN ('cleared', 'same', 'gone')),
    reason text NOT NULL CONSTRAINT doubt_rulings_reason_check CHECK (btrim(reason) <> ''),
    ruled_by text NOT NULL CONSTRAINT doubt_rulings_ruled_by_check CHECK (btrim(ruled_by) <> ''),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT doubt_rulings_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

-- Which doubts stop a payment in a region, as its parameters said on the newest night.
CREATE TABLE doubt_terms (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT doubt_terms_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT doubt_terms_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    stopping text NOT NULL,
    shared_account_units bigint NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT doubt_terms_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

-- A code of a unit that took another one's place, by a delivery of labor or a person's ruling. Kept for ever.
CREATE TABLE code_changes (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT code_changes_pkey PRIMARY KEY,
    region_code text NOT NULL CONSTRAINT code_changes_region_code_check CHECK (region_code ~ '^[0-9]{6}$'),
    old_code text NOT NULL,
    new_code text NOT NULL,
    doubt_id bigint CONSTRAINT code_changes_doubt_id_fkey REFERENCES doubts (id),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT code_changes_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT code_changes_codes_key UNIQUE (region_code, old_code, new_code),
    CONSTRAINT code_changes_codes_check CHECK (old_code <> new_code)
);
COMMENT ON COLUMN code_changes.doubt_id IS 'the doubt that a person ruled on; NULL: a delivery said it';

CREATE INDEX code_changes_new_index ON code_changes (region_code, new_code);

-- The unit numbers under which labor named an entitlement's unit.
CREATE TABLE unit_numbers (
    entitlement_id bigint NOT NULL CONSTRAINT unit_numbers_entitlement_id_fkey REFERENCES entitlements (id),
    unit_no text NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT unit_numbers_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT unit_numbers_pkey PRIMARY KEY (entitlement_id, unit_no)
);

-- Units of a night of which the decision says another amount than the ledger, and it is not known why.
CREATE TABLE disagreements (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT disagreements_pkey PRIMARY KEY,
    region_code text NOT NULL,
    uscc text NOT NULL,
    unit_name text,
    policy_year integer NOT NULL,
    entitlement_id bigint CONSTRAINT disagreements_entitlement_id_fkey REFERENCES entitlements (id),
    cause text NOT NULL CONSTRAINT disagreements_cause_check
        CHECK (cause IN ('amounts', 'codes_together', 'code_claimed_twice', 'one_unit_twice')),
    payable numeric(18, 2),
    already_paid numeric(18, 2),
    difference numeric(18, 2),
    counted numeric(18, 2),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT disagreements_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON COLUMN disagreements.payable IS 'yuan that the decision says are left to pay; already_paid: what it counts as paid';
COMMENT ON COLUMN disagreements.difference IS 'yuan that the ledger would still pay; counted: what it counts as paid';

CREATE INDEX disagreements_entitlement_index ON disagreements (entitlement_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['doubts', 'doubt_rulings', 'doubt_terms', 'code_changes', 'unit_numbers', 'disagreements']
    LOOP
        CALL keep_ledger_table(name);
    END LOOP;
    GRANT MAINTAIN ON doubts, code_changes, unit_numbers, disagreements TO stable_jobs_app;
END $$;

-- Every other code of the unit that has a code, through every change in either direction. A pair of codes of which
-- neither has a second change is its own answer; only longer chains are followed.
CREATE VIEW unit_aliases AS
WITH RECURSIVE edges AS MATERIALIZED (
    SELECT region_code, old_code AS code, new_code AS alias FROM code_changes
    UNION SELECT region_code, new_code, old_code FROM code_changes
), busy AS MATERIALIZED (
    SELECT region_code, code FROM edges GROUP BY region_code, code HAVING count(*) > 1
), longer AS MATERIALIZED (
    SELECT e.* FROM edges e JOIN busy b ON b.region_code = e.region_code AND b.code = e.code
    UNION SELECT e.* FROM edges e JOIN busy b ON b.region_code = e.region_code AND b.code = e.alias
), reached AS (
    SELECT region_code, code, alias FROM longer
    UNION
    SELECT r.region_code, r.code, e.alias FROM reached r
    JOIN longer e ON e.region_code = r.region_code AND e.code = r.alias AND e.alias <> r.code
)
SELECT region_code, code, alias FROM reached UNION SELECT region_code, code, alias FROM edges;

-- All codes of one unit, the one asked for among them.
CREATE FUNCTION unit_codes(region text, asked text) RETURNS SETOF text LANGUAGE sql STABLE
SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE found (code) AS (
        SELECT asked
        UNION
        SELECT n.code FROM found f CROSS JOIN LATERAL (
            SELECT new_code AS code FROM code_changes WHERE region_code = region AND old_code = f.code
            UNION ALL SELECT old_code FROM code_changes WHERE region_code = region AND new_code = f.code) n
    )
    SELECT code FROM found;
END;

-- One entitlement of a unit, year and pair of schemes, whichever of its codes it bears.
CREATE FUNCTION guard_new_entitlements() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    stranger text;
BEGIN
    EXECUTE $q$
    SELECT min(n.region_code || ' ' || n.uscc || ': its unit has one under ' || e.uscc)
    FROM new_rows n
    JOIN unit_aliases a ON a.region_code = n.region_code AND a.code = n.uscc
    JOIN entitlements e ON e.region_code = n.region_code AND e.uscc = a.alias
        AND e.policy_year = n.policy_year AND e.scheme_pair = n.scheme_pair
    $q$ INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'a second entitlement of %', stranger USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard_new AFTER INSERT ON entitlements REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION guard_new_entitlements();

-- Entitlements of a unit that has another one, because a person ruled that both are one unit's.
CREATE VIEW superseded_entitlements AS
SELECT DISTINCT d.entitlement_id
FROM doubts d JOIN doubt_rulings k ON k.doubt_id = d.id AND k.outcome = 'same'
JOIN entitlements e ON e.id = d.entitlement_id
JOIN entitlements o ON o.id = d.other_entitlement_id AND o.region_code = e.region_code
    AND o.policy_year = e.policy_year;

CREATE VIEW open_doubts AS
SELECT d.* FROM doubts d LEFT JOIN doubt_rulings k ON k.doubt_id = d.id WHERE k.doubt_id IS NULL;

CREATE VIEW open_disagreements AS
SELECT d.*, concat_ws(', ', d.cause, 'decision: payable ' || d.payable, 'already paid ' || d.already_paid,
           'ledger: to pay ' || d.difference, 'counted as paid ' || d.counted) AS detail
FROM disagreements d
JOIN newest_nights n ON n.region_code = d.region_code AND n.event_id = d.event_id;

CREATE OR REPLACE VIEW doubt_stops AS
SELECT e.id AS entitlement_id, 'doubt'::text AS cause,
       'doubt ' || d.id || ' (' || d.kind || '): ' || o.region_code || ' ' || o.uscc || ' ' || o.unit_name AS detail
FROM (
    SELECT id, kind, units, entitlement_id AS mine, other_entitlement_id AS theirs FROM open_doubts
    UNION ALL SELECT id, kind, units, other_entitlement_id, entitlement_id FROM open_doubts
) d
JOIN entitlements e ON e.id = d.mine
JOIN entitlements o ON o.id = d.theirs
LEFT JOIN LATERAL (
    SELECT t.stopping, t.shared_account_units FROM doubt_terms t WHERE t.region_code = e.region_code
    ORDER BY t.id DESC LIMIT 1) terms ON true
WHERE d.kind = 'one_unit_twice'
   OR d.kind = ANY (string_to_array(coalesce(terms.stopping, 'new_code;two_regions;shared_account'), ';'))
      AND (d.kind <> 'shared_account' OR d.units >= coalesce(terms.shared_account_units, 2))
UNION ALL
SELECT d.entitlement_id, 'doubt', 'doubt ' || d.id || ' (' || d.kind || ') is ruled the same as '
       || o.region_code || ' ' || o.uscc || ' ' || o.unit_name
FROM doubts d JOIN doubt_rulings k ON k.doubt_id = d.id AND k.outcome = 'same'
JOIN entitlements o ON o.id = d.other_entitlement_id
UNION ALL
SELECT entitlement_id, 'disagreement', detail FROM open_disagreements WHERE entitlement_id IS NOT NULL;

GRANT SELECT ON unit_aliases, superseded_entitlements, open_doubts, open_disagreements TO stable_jobs_app;
