-- What counts for the event's night, or for the newest one of the region, beside what was confirmed last for its date
-- and the other values that were confirmed before.
CREATE OR REPLACE VIEW policies_in_force AS
SELECT f.region_code, f.business_date, f.hash, c.hash AS confirmed_hash, c.proposal_id, c.files, o.hash AS before_hash,
       coalesce(f.hash = c.hash, false) AS is_confirmed,
       (SELECT min(n.business_date) FROM policy_nights n WHERE (n.region_code, n.hash) = (f.region_code, f.hash))
           AS first_night
FROM (
    SELECT DISTINCT ON (region_code) region_code, business_date, hash FROM policy_nights
    WHERE ledger_date() IS NULL OR business_date = ledger_date()
    ORDER BY region_code, business_date DESC, id DESC
) f
LEFT JOIN LATERAL (
    SELECT k.hash, k.proposal_id, k.files FROM policy_confirmations k
    WHERE k.region_code = f.region_code AND k.effective_on <= f.business_date
    ORDER BY k.effective_on DESC, k.id DESC LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT k.hash FROM policy_confirmations k
    WHERE k.region_code = f.region_code AND k.effective_on <= f.business_date AND k.hash <> f.hash
    ORDER BY k.effective_on DESC, k.id DESC LIMIT 1) o ON true;

GRANT SELECT ON policies_in_force TO stable_jobs_app;
