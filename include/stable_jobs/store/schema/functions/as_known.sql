-- A person as everybody is shown them: beside whoever was not authenticated it says so.
CREATE OR REPLACE FUNCTION as_known(person text, event bigint) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT person || CASE WHEN EXISTS (SELECT FROM event_hands h WHERE h.event_id = event AND NOT h.is_authenticated)
        THEN '（未经验证 unauthenticated）' ELSE '' END;
END;
