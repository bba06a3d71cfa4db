-- Two people confirm the values of a region, and those very values.
CREATE OR REPLACE FUNCTION guard_policy_confirmation() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM policy_values v WHERE (v.region_code, v.hash) = (NEW.region_code, NEW.hash)
               AND (v.content ? 'fault' OR v.content ? 'bank.fault')) THEN
        RAISE EXCEPTION 'policy of region %: a file with a fault cannot be confirmed', NEW.region_code
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.proposal_id IS NULL THEN
        IF NOT (SELECT is_demonstration FROM installation)
            OR EXISTS (SELECT FROM policy_confirmations WHERE files <> NEW.files) THEN
            RAISE EXCEPTION 'policy of region %: two people must confirm it', NEW.region_code
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NOT EXISTS (
        SELECT FROM proposals p JOIN proposal_decisions d ON d.proposal_id = p.id
        WHERE p.id = NEW.proposal_id AND p.kind = 'policy' AND d.outcome = 'confirmed' AND d.event_id = NEW.event_id
          AND p.content -> 'regions' ->> NEW.region_code = NEW.hash
          AND p.content ->> 'from' = NEW.effective_on::text) THEN
        RAISE EXCEPTION 'policy of region %: proposal % does not confirm these values', NEW.region_code, NEW.proposal_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
