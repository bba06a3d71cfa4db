CREATE OR REPLACE VIEW doubt_stops AS
SELECT NULL::bigint AS entitlement_id, NULL::text AS cause, NULL::text AS detail WHERE false;
DROP VIEW open_disagreements, open_doubts, superseded_entitlements;
DROP TRIGGER guard_new ON entitlements;
DROP FUNCTION guard_new_entitlements, unit_codes;
DROP VIEW unit_aliases;
DROP TABLE disagreements, unit_numbers, code_changes, doubt_terms, doubt_rulings, doubts;
DROP FUNCTION name_key, account_key;
