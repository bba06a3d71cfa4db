-- What a night decided, laid beside the ledger: temporary tables that every step of the ledger joins with.
-- Reads: newest_nights, night_regions, night_withdrawals, region_nights.
-- Writes: decisions_in_force, night_regions.

-- name: older_regions
SELECT r.region_code FROM night_regions r JOIN newest_nights n USING (region_code)
WHERE n.business_date > ledger_date() ORDER BY 1;

-- name: known
DELETE FROM night_regions r WHERE EXISTS (
    SELECT FROM newest_nights n WHERE n.region_code = r.region_code AND n.business_date > ledger_date())
OR EXISTS (
    SELECT FROM region_nights n
    WHERE n.region_code = r.region_code AND n.business_date = ledger_date()
      AND n.id = (SELECT max(id) FROM region_nights m
                  WHERE m.region_code = n.region_code AND m.business_date = n.business_date)
      AND n.decision_id = r.decision_id AND n.is_suspended = r.is_suspended
      AND coalesce(n.is_silent, false) = coalesce(r.is_silent, false)
      AND NOT EXISTS (SELECT FROM night_withdrawals w WHERE w.region_code = n.region_code
                      AND w.business_date = n.business_date AND w.night_id >= n.id));

-- name: insert_decisions_in_force
INSERT INTO decisions_in_force (decision_id)
SELECT :decision WHERE decision_in_force(ledger_date()) IS DISTINCT FROM :decision;
