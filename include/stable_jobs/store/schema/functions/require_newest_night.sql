-- Money moves only on the newest night of a region, on its date, and not where that night is held.
CREATE OR REPLACE FUNCTION require_newest_night(region text, what text) RETURNS void LANGUAGE plpgsql
SET search_path = ledger, public, pg_temp AS $$
DECLARE
    night record;
BEGIN
    SELECT * INTO night FROM newest_nights WHERE region_code = region;
    IF night.business_date IS DISTINCT FROM ledger_date() OR ledger_date() IS NULL THEN
        RAISE EXCEPTION '% of region % on %: its newest decided night is %', what, region, ledger_date(),
            coalesce(night.business_date::text, 'none') USING ERRCODE = 'restrict_violation';
    END IF;
    IF night.is_suspended THEN
        RAISE EXCEPTION '% of region % on %: the region is held that night', what, region, ledger_date()
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF decision_in_force(ledger_date()) <> night.decision_id THEN
        RAISE EXCEPTION '% of region % on %: the date was decided again, and the ledger has not taken that over',
            what, region, ledger_date() USING ERRCODE = 'restrict_violation';
    END IF;
END $$;
