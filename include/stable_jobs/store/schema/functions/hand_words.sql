-- How a message calls an act: authenticated or not.
CREATE OR REPLACE FUNCTION hand_words(is_authenticated boolean) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN is_authenticated THEN 'authenticated' ELSE 'unauthenticated' END;
