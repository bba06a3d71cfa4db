-- Whether a region is the other one or lies below it.
CREATE OR REPLACE FUNCTION is_within(region text, upper text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN upper IN (region, left(region, 4) || '00', left(region, 2) || '0000', '000000');
