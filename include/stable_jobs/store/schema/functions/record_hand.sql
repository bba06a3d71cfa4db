-- The hand that the transaction names (`stable_jobs.hand`), written once: with the first row in a person's name, or as
-- the event is closed.
CREATE OR REPLACE FUNCTION record_hand() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, public, pg_temp AS $$
DECLARE
    hand jsonb := nullif(current_setting('stable_jobs.hand', true), '')::jsonb;
BEGIN
    IF hand IS NOT NULL AND NOT EXISTS (SELECT FROM event_hands WHERE event_id = ledger_event()) THEN
        INSERT INTO event_hands (person, is_authenticated, via, os_user, host)
        VALUES (hand ->> 'person', hand ->> 'login' IS NOT NULL, hand ->> 'via', hand ->> 'user', hand ->> 'host');
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION record_hand FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_hand TO stable_jobs_app;
