-- Entitlements of individual businesses, by the newest word: their account may bear another name.
CREATE OR REPLACE VIEW individual_businesses AS
SELECT entitlement_id FROM (
    SELECT DISTINCT ON (entitlement_id) entitlement_id, is_individual FROM unit_forms ORDER BY entitlement_id, id DESC) f
WHERE is_individual;

GRANT SELECT ON individual_businesses TO stable_jobs_app;
