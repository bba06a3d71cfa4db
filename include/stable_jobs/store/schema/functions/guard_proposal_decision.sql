-- Another person than the proposer confirms; a rejection needs a reason.
CREATE OR REPLACE FUNCTION guard_proposal_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    proposal record;
BEGIN
    SELECT * INTO proposal FROM proposals WHERE id = NEW.proposal_id;
    IF NEW.outcome = 'confirmed' AND person_key(proposal.proposed_by) = person_key(NEW.decided_by) THEN
        RAISE EXCEPTION 'proposal %: another person than % must confirm it', proposal.id, proposal.proposed_by
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.outcome = 'rejected' AND btrim(NEW.reason) = '' THEN
        RAISE EXCEPTION 'proposal %: a rejection needs a reason', proposal.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
