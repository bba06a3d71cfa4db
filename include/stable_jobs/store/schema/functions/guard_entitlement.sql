-- An entitlement's unit, year and pair of schemes stay as they are.
CREATE OR REPLACE FUNCTION guard_entitlement() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.region_code, NEW.uscc, NEW.policy_year, NEW.scheme_pair)
        IS DISTINCT FROM (OLD.id, OLD.region_code, OLD.uscc, OLD.policy_year, OLD.scheme_pair) THEN
        RAISE EXCEPTION 'an entitlement keeps its unit and year' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
