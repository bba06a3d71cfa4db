-- An event in a person's name has that person's hand, the one its body tells of, and a person whom the ledger knows;
-- an event of no person has none.
CREATE OR REPLACE FUNCTION guard_event_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    body jsonb := NEW.body::jsonb;
    actor text := coalesce(NEW.body::jsonb ->> 'actor', 'stable-jobs');
    hand record;
BEGIN
    SELECT * INTO hand FROM event_hands WHERE event_id = NEW.id;
    IF (actor = 'stable-jobs') = FOUND OR hand.person IS DISTINCT FROM nullif(actor, 'stable-jobs')
        OR FOUND AND (hand.is_authenticated, hand.via, hand.os_user, hand.host) IS DISTINCT FROM
            ((body #>> '{hand,login}') IS NOT NULL, body #>> '{hand,via}', body #>> '{hand,user}', body #>> '{hand,host}')
    THEN
        RAISE EXCEPTION 'audit event %: nothing says that % did it', NEW.id, actor
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF FOUND AND NOT EXISTS (SELECT FROM known_persons WHERE person_key = person_key(actor)) THEN
        RAISE EXCEPTION 'audit event %: % is not among the persons that the ledger knows', NEW.id, actor
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
