-- Regions whose payments stop because a night's total is far from the last one.
CREATE OR REPLACE VIEW total_stops AS
SELECT region_code, 'total' AS cause,
       total || ' yuan on ' || business_date || ' are more than ' || trim_scale(factor) || ' times the ' || last_total
       || ' yuan of ' || last_date || '; stable-jobs policy accept-total --region ' || region_code || ' --date '
       || business_date AS detail
FROM totals_in_force WHERE is_beyond AND ruled_by IS NULL;

GRANT SELECT ON total_stops TO stable_jobs_app;
