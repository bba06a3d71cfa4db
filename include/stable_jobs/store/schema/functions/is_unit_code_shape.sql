-- Whether a text can be a unit's code: an authority and a kind, or none of both in an old number; a division; the rest.
CREATE OR REPLACE FUNCTION is_unit_code_shape(code text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN code ~ '^([1-9ANY][1-9])?(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12]|10(?=0000))[0-9]{4}[0-9A-Z]{9,10}$'
    AND length(code) IN (15, 18);
