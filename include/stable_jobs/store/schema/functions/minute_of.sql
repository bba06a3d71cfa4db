-- The minute, in Asia/Shanghai, at which an audit event was written, by the event's body.
CREATE OR REPLACE FUNCTION minute_of(body text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN replace(left(body::jsonb ->> 'at', 16), 'T', ' ');
