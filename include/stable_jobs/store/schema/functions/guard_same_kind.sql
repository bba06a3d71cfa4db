-- What two people do together is done by both under a checked login, or by neither.
CREATE OR REPLACE FUNCTION guard_same_kind() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    first_event bigint;
    first_kind boolean;
    kind boolean;
BEGIN
    SELECT is_authenticated INTO kind FROM event_hands WHERE event_id = ledger_event();
    IF TG_TABLE_NAME = 'payment_stop_ends' THEN
        SELECT event_id INTO first_event FROM payment_stops WHERE id = NEW.stop_id;
    ELSIF TG_TABLE_NAME = 'account_confirmations' THEN
        SELECT event_id INTO first_event FROM account_corrections WHERE id = NEW.correction_id;
    ELSE
        SELECT event_id INTO first_event FROM proposals WHERE id = NEW.proposal_id;
    END IF;
    SELECT is_authenticated INTO first_kind FROM event_hands WHERE event_id = first_event;
    IF first_kind <> kind THEN
        RAISE EXCEPTION '% of an % act: what two people do together is authenticated for both or for neither',
            hand_words(kind) || ' completion', hand_words(first_kind) USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
