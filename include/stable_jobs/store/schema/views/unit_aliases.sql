-- Every other code of the unit that has a code, through every change in either direction. A pair of codes of which
-- neither has a second change is its own answer; only longer chains are followed.
CREATE OR REPLACE VIEW unit_aliases AS
WITH RECURSIVE edges AS MATERIALIZED (
    SELECT region_code, old_code AS code, new_code AS alias FROM code_changes
    UNION SELECT region_code, new_code, old_code FROM code_changes
), busy AS MATERIALIZED (
    SELECT region_code, code FROM edges GROUP BY region_code, code HAVING count(*) > 1
), longer AS MATERIALIZED (
    SELECT e.* FROM edges e JOIN busy b ON b.region_code = e.region_code AND b.code = e.code
    UNION SELECT e.* FROM edges e JOIN busy b ON b.region_code = e.region_code AND b.code = e.alias
), reached AS (
    SELECT region_code, code, alias FROM longer
    UNION
    SELECT r.region_code, r.code, e.alias FROM reached r
    JOIN longer e ON e.region_code = r.region_code AND e.code = r.alias AND e.alias <> r.code
)
SELECT region_code, code, alias FROM reached UNION SELECT region_code, code, alias FROM edges;

GRANT SELECT ON unit_aliases TO stable_jobs_app;
