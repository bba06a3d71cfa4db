-- A settlement is what two people agreed on in this very event, about this line.
CREATE OR REPLACE FUNCTION guard_settlement() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    named text;
BEGIN
    SELECT end_to_end_id INTO named FROM instructions WHERE line_id = NEW.line_id;
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND p.kind = 'contradiction' AND p.subject = named
          AND p.content ->> 'outcome' = NEW.outcome
          AND d.outcome = 'confirmed' AND d.event_id = ledger_event()) THEN
        RAISE EXCEPTION 'line %: two people must settle it', named USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM open_contradictions c WHERE c.line_id = NEW.line_id)
        AND NOT EXISTS (SELECT FROM duplicate_lines d WHERE d.line_id = NEW.line_id) THEN
        RAISE EXCEPTION 'line %: nothing is to be settled', named USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
