-- One entitlement of a unit, year and pair of schemes, whichever of its codes it bears.
CREATE OR REPLACE FUNCTION guard_new_entitlements() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
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
