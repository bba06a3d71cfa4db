-- All codes of one unit, the one asked for among them.
CREATE OR REPLACE FUNCTION unit_codes(region text, asked text) RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH RECURSIVE found (code) AS (
        SELECT asked
        UNION
        SELECT n.code FROM found f CROSS JOIN LATERAL (
            SELECT new_code AS code FROM code_changes WHERE region_code = region AND old_code = f.code
            UNION ALL SELECT old_code FROM code_changes WHERE region_code = region AND new_code = f.code) n
    )
    SELECT code FROM found;
END;
