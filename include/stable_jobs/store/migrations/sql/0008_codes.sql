-- Accounts and codes: what people correct, and which codes two people have registered.

-- Whether a text can be a unit's code: an authority and a kind, or none of both in an old number; a division; the rest.
CREATE FUNCTION is_unit_code_shape(code text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN code ~ '^([1-9ANY][1-9])?(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]|10(?=0000))[0-9]{4}[0-9A-Z]{9,10}$'
    AND length(code) IN (15, 18);

-- Whether an entitlement is an individual business's, whose account may bear another name. The last row counts.
CREATE TABLE unit_forms (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT unit_forms_pkey PRIMARY KEY,
    entitlement_id bigint NOT NULL CONSTRAINT unit_forms_entitlement_id_fkey REFERENCES entitlements (id),
    is_individual boolean NOT NULL,
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT unit_forms_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX unit_forms_entitlement_index ON unit_forms (entitlement_id, id);

CREATE VIEW individual_businesses AS
SELECT entitlement_id FROM (
    SELECT DISTINCT ON (entitlement_id) entitlement_id, is_individual FROM unit_forms ORDER BY entitlement_id, id DESC) f
WHERE is_individual;

-- Codes that stand on a licence though their check character is wrong: for one region, by two people.
CREATE TABLE registered_codes (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT registered_codes_pkey PRIMARY KEY,
    code text NOT NULL CONSTRAINT registered_codes_code_check
        CHECK (is_unit_code_shape(code) AND code ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    region_code text NOT NULL CONSTRAINT registered_codes_region_code_check CHECK (region_code ~ '^[1-9][0-9]{5}$'),
    evidence text NOT NULL CONSTRAINT registered_codes_evidence_check CHECK (btrim(evidence) <> ''),
    proposal_id bigint NOT NULL CONSTRAINT registered_codes_proposal_id_key UNIQUE
        CONSTRAINT registered_codes_proposal_id_fkey REFERENCES proposals (id),
    event_id bigint NOT NULL DEFAULT ledger_event()
        CONSTRAINT registered_codes_event_id_fkey REFERENCES audit_events DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT registered_codes_code_key UNIQUE (code, region_code)
);

CREATE FUNCTION guard_registered_code() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND d.outcome = 'confirmed' AND d.event_id = ledger_event()
          AND (p.kind, p.region_code, p.subject) = ('code_registration', NEW.region_code, NEW.code)) THEN
        RAISE EXCEPTION 'code %: two people must register it', NEW.code USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- A person's corrected account bears the unit's name, as an account in an extract does.
CREATE FUNCTION guard_correction() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    unit record;
BEGIN
    IF NEW.source = 'person' AND NEW.account_name <> '' THEN
        SELECT e.id, e.uscc, e.unit_name INTO unit
        FROM payments p JOIN entitlements e ON e.id = p.entitlement_id WHERE p.id = NEW.payment_id;
        IF name_key(NEW.account_name) IS DISTINCT FROM name_key(unit.unit_name)
           AND NOT EXISTS (SELECT FROM individual_businesses WHERE entitlement_id = unit.id) THEN
            RAISE EXCEPTION 'the account is not in the name of unit %: only an individual business''s may bear another',
                unit.uscc USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;

-- Whoever confirms an account types its number again: stable_jobs.typed_account of the transaction, never kept.
CREATE FUNCTION guard_typed_account() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM account_corrections WHERE id = NEW.correction_id
          AND account_key(account_no) = account_key(current_setting('stable_jobs.typed_account', true))) THEN
        RAISE EXCEPTION 'correction %: the number typed is not the one that was entered; next: read it from the unit''s letter again, or enter the account anew',
            NEW.correction_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CALL keep_ledger_table('unit_forms');
CALL keep_ledger_table('registered_codes');
CREATE TRIGGER guard BEFORE INSERT ON registered_codes FOR EACH ROW EXECUTE FUNCTION guard_registered_code();
CREATE TRIGGER guard BEFORE INSERT ON account_corrections FOR EACH ROW EXECUTE FUNCTION guard_correction();
CREATE TRIGGER typed_again BEFORE INSERT ON account_confirmations
    FOR EACH ROW EXECUTE FUNCTION guard_typed_account();
GRANT SELECT ON individual_businesses TO stable_jobs_app;

-- No money is promised to what no authority of a known division can have registered. Older rows stay as they are.
ALTER TABLE entitlements ADD CONSTRAINT entitlements_code_check CHECK (is_unit_code_shape(uscc)) NOT VALID;
