-- Money moves only where nothing stops the region or a region above it.
CREATE OR REPLACE FUNCTION require_no_hold(region text, what text) RETURNS void LANGUAGE plpgsql
SET search_path = ledger, public, pg_temp AS $$
DECLARE
    stop record;
BEGIN
    SELECT * INTO stop FROM region_stops s
    WHERE s.region_code = region OR s.reaches_below AND is_within(region, s.region_code)
    ORDER BY s.cause LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% of region %: payments are stopped: %: %', what, region, stop.cause, stop.detail
            USING ERRCODE = 'restrict_violation';
    END IF;
END $$;
