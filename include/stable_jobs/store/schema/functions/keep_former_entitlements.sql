-- What a changed entitlement was before becomes a revision, of the event that wrote it; the owner writes it. Of an event
-- that changes a row twice only its last version is kept. Of a row older than 0020 (event_id is NULL) every revision is there.
CREATE OR REPLACE FUNCTION keep_former_entitlements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    INSERT INTO entitlement_revisions
        (entitlement_id, unit_name, scheme, entitled_amount, outside_amount, decided_on, event_id, replaced_in)
    SELECT id, unit_name, scheme, entitled_amount, outside_amount, decided_on, event_id, ledger_event()
    FROM old_rows WHERE event_id < ledger_event() ORDER BY id;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION keep_former_entitlements FROM PUBLIC;
