-- A region's night rests on the decision in force of its date.
CREATE OR REPLACE FUNCTION guard_region_night() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    PERFORM require_decision_of_date(NEW.decision_id, NEW.business_date);
    IF decision_in_force(NEW.business_date) IS DISTINCT FROM NEW.decision_id THEN
        RAISE EXCEPTION 'the night of % cannot take over decision %: the one in force is %', NEW.business_date,
            NEW.decision_id, coalesce(decision_in_force(NEW.business_date)::text, 'none')
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
