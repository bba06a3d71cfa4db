-- The decision in force of a date is one of that date.
CREATE OR REPLACE FUNCTION guard_decision_in_force() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    PERFORM require_decision_of_date(NEW.decision_id, NEW.business_date);
    RETURN NEW;
END $$;
