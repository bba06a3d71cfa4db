-- Nothing but what the catalog says now goes into a night's event.
CREATE OR REPLACE FUNCTION guard_evidence() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stranger record;
BEGIN
    SELECT n.subject, n.subject_id INTO stranger
    FROM new_rows n LEFT JOIN catalog_digests c ON c.subject = n.subject AND c.subject_id = n.subject_id
    WHERE c.sha256 IS DISTINCT FROM n.sha256 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% % is not what the catalog says', stranger.subject, stranger.subject_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
