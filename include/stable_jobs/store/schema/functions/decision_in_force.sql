-- The decision that counts for a date: the one chosen last.
CREATE OR REPLACE FUNCTION decision_in_force(on_date date) RETURNS bigint LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT d.decision_id FROM decisions_in_force d WHERE d.business_date = on_date ORDER BY d.id DESC LIMIT 1;
END;
