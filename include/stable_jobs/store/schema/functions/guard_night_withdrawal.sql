-- Two people withdraw a region's night, and only its newest one.
CREATE OR REPLACE FUNCTION guard_night_withdrawal() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND p.kind = 'night_withdrawal' AND d.outcome = 'confirmed'
          AND d.event_id = ledger_event() AND person_key(p.proposed_by) <> person_key(d.decided_by)
          AND p.content ->> 'business_date' = NEW.business_date::text
          AND (p.content -> 'nights' ->> NEW.region_code)::bigint = NEW.night_id) THEN
        RAISE EXCEPTION 'the night of % of region % is not withdrawn: another person must confirm it',
            NEW.business_date, NEW.region_code USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM standing_nights n JOIN newest_nights w USING (region_code, business_date)
        WHERE n.id = NEW.night_id AND n.region_code = NEW.region_code AND n.business_date = NEW.business_date
          AND n.event_id = w.event_id) THEN
        RAISE EXCEPTION 'the night of % of region % is not withdrawn: it is not the region''s newest night any more',
            NEW.business_date, NEW.region_code USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
