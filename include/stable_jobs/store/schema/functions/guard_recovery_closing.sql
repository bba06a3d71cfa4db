-- Two people end a recovery case; only a night supersedes one.
CREATE OR REPLACE FUNCTION guard_recovery_closing() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    case_of record;
BEGIN
    IF NEW.outcome = 'superseded' THEN
        IF NEW.closed_by <> 'stable-jobs' THEN
            RAISE EXCEPTION 'recovery case %: only a night decides a case again', NEW.case_id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.kind = 'recovery_closing' AND p.subject = 'case ' || NEW.case_id AND d.outcome = 'confirmed'
          AND d.event_id = ledger_event() AND p.content ->> 'outcome' = NEW.outcome
          AND d.decided_by = NEW.closed_by AND person_key(p.proposed_by) <> person_key(d.decided_by)) THEN
        RAISE EXCEPTION 'recovery case %: two people must agree that it ends, not % alone', NEW.case_id, NEW.closed_by
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO case_of FROM recovery_cases WHERE id = NEW.case_id;
    IF NEW.outcome = 'recovered' AND money_back(case_of.entitlement_id) < case_of.amount THEN
        RAISE EXCEPTION 'recovery case %: finance''s prior_refunds show % of % yuan as come back: its row with our'
            ' payment reference must show what is left of the payment, in a night that the ledger took over',
            NEW.case_id, greatest(money_back(case_of.entitlement_id), 0)::numeric(18, 2), case_of.amount
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
