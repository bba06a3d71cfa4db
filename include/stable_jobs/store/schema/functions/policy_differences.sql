-- Each value that differs between two sets of a region; every value where there is no older set.
CREATE OR REPLACE FUNCTION policy_differences(region text, old_hash text, new_hash text)
RETURNS TABLE (name text, old jsonb, new jsonb) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(n.key, o.key), o.value, n.value
    FROM (SELECT e.key, e.value FROM policy_values v, jsonb_each(v.content) e
          WHERE (v.region_code, v.hash) = (region, new_hash)) n
    FULL JOIN (SELECT e.key, e.value FROM policy_values v, jsonb_each(v.content) e
          WHERE (v.region_code, v.hash) = (region, old_hash)) o ON o.key = n.key
    WHERE n.value IS DISTINCT FROM o.value
    ORDER BY 1;
END;
