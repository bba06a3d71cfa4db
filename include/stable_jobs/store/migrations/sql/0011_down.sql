CREATE OR REPLACE VIEW policy_stops AS
SELECT NULL::text AS region_code, NULL::text AS cause, NULL::text AS detail WHERE false;
CREATE OR REPLACE VIEW total_stops AS
SELECT NULL::text AS region_code, NULL::text AS cause, NULL::text AS detail WHERE false;
DROP TRIGGER guard_stopped ON region_nights;
DROP TRIGGER guard_premium ON notice_lines;
DROP VIEW policy_standing, total_standing;
DROP FUNCTION policy_differences(text, text, text);
DROP TABLE policy_confirmations, policy_nights, policy_values, total_rulings, region_totals;
DROP FUNCTION guard_policy_confirmation, guard_total, guard_region_nights, guard_notice_lines, policy_hash;
