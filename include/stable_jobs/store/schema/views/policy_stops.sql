-- Regions whose payments stop because nobody has confirmed the values in force.
CREATE OR REPLACE VIEW policy_stops AS
SELECT s.region_code, 'policy' AS cause,
       CASE WHEN d.fault IS NOT NULL THEN d.fault
            WHEN s.confirmed_hash IS NULL THEN d.count || ' values that nobody has confirmed'
            ELSE 'not confirmed: ' || d.names || CASE WHEN d.count > 5 THEN ', and ' || d.count - 5 || ' more' ELSE '' END
       END || '; stable-jobs policy show --region ' || s.region_code AS detail
FROM policies_in_force s
CROSS JOIN LATERAL (
    SELECT count(*) AS count, string_agg(name, ', ' ORDER BY name) FILTER (WHERE place <= 5) AS names,
           max(new ->> 'value') FILTER (WHERE name IN ('fault', 'bank.fault')) AS fault
    FROM (SELECT name, new, row_number() OVER (ORDER BY name) AS place
          FROM policy_differences(s.region_code, s.confirmed_hash, s.hash)) t
) d
WHERE NOT s.is_confirmed;

GRANT SELECT ON policy_stops TO stable_jobs_app;
