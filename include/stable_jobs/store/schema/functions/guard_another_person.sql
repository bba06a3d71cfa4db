-- A second person completes what a first one began.
CREATE OR REPLACE FUNCTION guard_another_person() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    first_person text;
    second_person text;
BEGIN
    IF TG_TABLE_NAME = 'payment_stop_ends' THEN
        SELECT stopped_by INTO first_person FROM payment_stops WHERE id = NEW.stop_id;
        second_person := NEW.released_by;
    ELSIF TG_TABLE_NAME = 'approver_changes' THEN
        first_person := NEW.person;
        second_person := NEW.entered_by;
    ELSE
        SELECT entered_by INTO first_person FROM account_corrections WHERE id = NEW.correction_id;
        second_person := NEW.confirmed_by;
    END IF;
    IF first_person IS NULL OR person_key(first_person) = person_key(second_person) THEN
        RAISE EXCEPTION 'another person than % must do this', coalesce(first_person, 'nobody')
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
