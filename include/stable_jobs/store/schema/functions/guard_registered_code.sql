-- Two people register a code.
CREATE OR REPLACE FUNCTION guard_registered_code() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND d.outcome = 'confirmed' AND d.event_id = ledger_event()
          AND (p.kind, p.region_code, p.subject) = ('code_registration', NEW.region_code, NEW.code)) THEN
        RAISE EXCEPTION 'code %: two people must register it', NEW.code USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
