-- An entitlement's unit, year and pair of schemes stay as they are.
CREATE OR REPLACE FUNCTION check_changed_entitlements() RETURNS trigger LANGUAGE plpgsql
SET search_path = ledger, public, pg_temp AS $$
DECLARE
    is_wrong boolean;
BEGIN
    EXECUTE $q$
    SELECT EXISTS (
        SELECT FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id
        WHERE (n.region_code, n.uscc, n.policy_year, n.scheme_pair)
            IS DISTINCT FROM (o.region_code, o.uscc, o.policy_year, o.scheme_pair))
    $q$ INTO is_wrong;
    IF is_wrong THEN
        RAISE EXCEPTION 'an entitlement keeps its unit and year' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
