-- Where people and money are real, an act counts only under a login that was checked.
CREATE OR REPLACE FUNCTION guard_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF NOT NEW.is_authenticated AND NOT coalesce((SELECT is_demonstration FROM installation), false) THEN
        RAISE EXCEPTION 'nobody checked that this is %: log in first (stable-jobs login)', NEW.person
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
