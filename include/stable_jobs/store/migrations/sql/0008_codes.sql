-- Accounts, names and codes: how they are compared, and which codes two people have registered.

-- An account number as it is compared: half width, upper case, without blanks, hyphens, dots and leading zeros.
-- `stable_jobs.accounts.account_key` says the same.
CREATE OR REPLACE FUNCTION account_key(account_no text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN nullif(ltrim(regexp_replace(upper(normalize(account_no, NFKC)),
    '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000'
    '\u002e\u00b7\u2022\u2024\u2027\u2219\u22c5\u3002\u30fb\uff0e\uff61\uff65'
    '\u058a\u05be\u1806\u2010-\u2015\u2043\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\u30fc'
    '\ufe31\ufe32\ufe58\ufe63\uff0d\uff70\u002d]', '', 'g'), '0'), '');

-- A name as it is compared: the private characters of GBK and of GB 18030 before 2022 as what they are now, NFKC,
-- without blanks. `stable_jobs.names.comparable_name` says the same.
CREATE OR REPLACE FUNCTION name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE
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
