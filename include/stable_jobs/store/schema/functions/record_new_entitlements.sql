-- Each new or changed entitlement leaves a revision, written by the owner.
CREATE OR REPLACE FUNCTION record_new_entitlements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    INSERT INTO entitlement_revisions (entitlement_id, unit_name, scheme, entitled_amount, outside_amount, decided_on)
    SELECT id, unit_name, scheme, entitled_amount, outside_amount, decided_on FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION record_new_entitlements FROM PUBLIC;
