-- A row in a person's name is written by that person's own hand. First argument: the column with the name; second
-- argument `system`: rows of no person are allowed.
CREATE OR REPLACE FUNCTION require_hand() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
DECLARE
    who text := to_jsonb(NEW) ->> TG_ARGV[0];
    hand record;
BEGIN
    IF TG_NARGS > 1 AND coalesce(who, 'stable-jobs') = 'stable-jobs' THEN
        RETURN NEW;
    END IF;
    PERFORM record_hand();
    SELECT * INTO hand FROM event_hands WHERE event_id = ledger_event();
    IF NOT FOUND OR hand.person <> who THEN
        RAISE EXCEPTION 'a row of % in the name of %: it is done by %', TG_TABLE_NAME, who,
            coalesce(hand.person, 'nobody whose login was checked') USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
