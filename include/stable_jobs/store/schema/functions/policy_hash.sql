-- The SHA-256 of a region's values.
CREATE OR REPLACE FUNCTION policy_hash(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE
RETURN encode(sha256(convert_to(content::text, 'UTF8')), 'hex');
