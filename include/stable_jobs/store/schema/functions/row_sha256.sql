-- The SHA-256 of a row's values, NULL among them.
CREATE OR REPLACE FUNCTION row_sha256(VARIADIC parts text[]) RETURNS text LANGUAGE sql IMMUTABLE
RETURN encode(sha256(convert_to(to_jsonb(parts)::text, 'UTF8')), 'hex');
