-- The answers to one batch are all under a checked login, or none is; one under a checked login rests on an assignment
-- under a checked login.
CREATE OR REPLACE FUNCTION guard_approval_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    batch record;
    kind boolean;
BEGIN
    SELECT batch_no, region_code INTO batch FROM batches WHERE id = NEW.batch_id;
    SELECT is_authenticated INTO kind FROM event_hands WHERE event_id = ledger_event();
    IF EXISTS (SELECT FROM approval_hands WHERE batch_id = NEW.batch_id AND is_authenticated <> kind) THEN
        RAISE EXCEPTION 'batch %: its first answer is %, and this one is %: they do not make one approval',
            batch.batch_no, hand_words(NOT kind), hand_words(kind) USING ERRCODE = 'restrict_violation';
    END IF;
    IF kind AND NOT EXISTS (SELECT FROM assigned_approvers a
        WHERE a.person = NEW.approver AND a.level = NEW.level AND a.is_authenticated
            AND is_within(batch.region_code, a.region_code)) THEN
        RAISE EXCEPTION 'batch %: whoever assigned % was not authenticated: assign them again under a login',
            batch.batch_no, NEW.approver USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
