-- Only a person whom the ledger knows is assigned.
CREATE OR REPLACE FUNCTION guard_known_approver() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF NEW.is_assigned AND NOT EXISTS (SELECT FROM known_persons WHERE person_key = person_key(NEW.person)) THEN
        RAISE EXCEPTION '% is not among the persons that the ledger knows', NEW.person
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
