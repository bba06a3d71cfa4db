DROP TRIGGER guard ON region_nights;
DROP TRIGGER guard ON recovery_closings;
CREATE OR REPLACE VIEW newest_nights AS
SELECT DISTINCT ON (region_code) region_code, business_date, decision_id, is_held, event_id
FROM region_nights ORDER BY region_code, business_date DESC, id DESC;
DROP VIEW standing_nights;
CREATE OR REPLACE FUNCTION require_newest_night(region text, what text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    night record;
BEGIN
    SELECT * INTO night FROM newest_nights WHERE region_code = region;
    IF night.business_date IS DISTINCT FROM ledger_date() OR ledger_date() IS NULL THEN
        RAISE EXCEPTION '% of region % on %: its newest decided night is %', what, region, ledger_date(),
            coalesce(night.business_date::text, 'none') USING ERRCODE = 'restrict_violation';
    END IF;
    IF night.is_held THEN
        RAISE EXCEPTION '% of region % on %: the region is held that night', what, region, ledger_date()
            USING ERRCODE = 'restrict_violation';
    END IF;
END $$;
DROP FUNCTION decision_in_force, money_back;
DROP TABLE decisions_in_force, night_withdrawals, reported_recoveries;
DROP FUNCTION guard_decision_in_force, guard_region_night, guard_night_withdrawal, guard_recovery_closing,
    require_decision_of_date;
ALTER TABLE later_columns DISABLE TRIGGER keep_history;
DELETE FROM later_columns WHERE table_name = 'region_nights';
ALTER TABLE later_columns ENABLE TRIGGER keep_history;
ALTER TABLE region_nights DROP COLUMN is_silent;
