-- One open proposal of a kind, region and subject at a time.
CREATE OR REPLACE FUNCTION guard_proposal() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    known record;
BEGIN
    SELECT id, proposed_by INTO known FROM open_proposals
    WHERE (kind, region_code, subject) = (NEW.kind, NEW.region_code, NEW.subject);
    IF FOUND THEN
        RAISE EXCEPTION 'proposal % of % about % waits for an answer already', known.id, known.proposed_by, NEW.subject
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
