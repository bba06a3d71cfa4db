-- A person's corrected account bears the unit's name, as an account in an extract does.
CREATE OR REPLACE FUNCTION guard_correction() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
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
