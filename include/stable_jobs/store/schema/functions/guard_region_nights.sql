-- The ledger takes nothing over from a night whose region is stopped for its values or its total.
CREATE OR REPLACE FUNCTION guard_region_nights() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stop record;
BEGIN
    SELECT s.* INTO stop FROM new_rows n
    JOIN (SELECT * FROM policy_stops UNION ALL SELECT * FROM total_stops) s ON s.region_code = n.region_code
    WHERE NOT n.is_suspended LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the night of region % is not taken over: %: %', stop.region_code, stop.cause, stop.detail
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
