-- Each released delivery belongs to its event, written by the owner.
CREATE OR REPLACE FUNCTION record_releases() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows) THEN
        INSERT INTO release_events (release_id) SELECT id FROM new_rows ORDER BY id;
    END IF;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION record_releases FROM PUBLIC;
