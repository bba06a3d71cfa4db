-- A notice ends on or after its last day, on the newest night of its region.
CREATE OR REPLACE FUNCTION guard_notice_closing() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    notice record;
BEGIN
    SELECT * INTO notice FROM notices WHERE id = NEW.notice_id;
    IF NEW.closed_on < notice.notice_ends_on OR NEW.closed_on IS DISTINCT FROM ledger_date() THEN
        RAISE EXCEPTION 'notice % of region % stands until %', notice.id, notice.region_code, notice.notice_ends_on
            USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM require_newest_night(notice.region_code, 'closing of a notice');
    RETURN NEW;
END $$;
