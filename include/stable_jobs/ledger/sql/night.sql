-- What a night decided, laid beside the ledger: temporary tables that every step of the ledger joins with.
-- Reads: bank_answers, event_tables, instructions, line_results, newest_nights, night_regions,
--   night_withdrawals, payments, region_nights.
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

-- name: last_taken
-- The decision that the ledger took over last, for all its regions at once, if nothing has happened since that the
-- same rows could be answered with.
--
-- What the ledger does with a night depends on its rows, on the ledger, and on the date: the year, and whether
-- money went out, came back or was withdrawn before that date. A unit that disagrees is written down every night.
SELECT min(decision_id) FROM region_nights WHERE event_id = (SELECT max(event_id) FROM region_nights)
HAVING min(decision_id) = max(decision_id) AND max(business_date) <= ledger_date()
    AND extract(year FROM max(business_date)) = extract(year FROM ledger_date())
    AND NOT EXISTS (SELECT FROM event_tables t WHERE t.event > max(region_nights.event_id) AND t.table_name NOT IN (
        'decisions_in_force', 'policy_nights', 'policy_values', 'published_files', 'region_totals'))
    AND NOT EXISTS (SELECT FROM event_tables t WHERE t.event = max(region_nights.event_id) AND t.table_name = 'disagreements')
    AND NOT EXISTS (SELECT FROM instructions i WHERE i.instructed_on >= max(region_nights.business_date))
    AND NOT EXISTS (SELECT FROM line_results x JOIN bank_answers b ON b.id = x.answer_id
        WHERE coalesce(x.settled_on, b.business_date) >= max(region_nights.business_date))
    AND NOT EXISTS (SELECT FROM payments p JOIN instructions i ON i.payment_id = p.id
        WHERE p.state IN ('withdrawn', 'waived') AND p.changed_on >= max(region_nights.business_date));

-- name: same_regions
-- Whether the night's regions are those that the ledger took over last, decided or held as then.
SELECT coalesce(bool_and(l.region_code IS NOT NULL AND r.region_code IS NOT NULL
    AND (l.is_suspended, coalesce(l.is_silent, false)) = (r.is_suspended, coalesce(r.is_silent, false))), false)
FROM (SELECT * FROM region_nights WHERE event_id = (SELECT max(event_id) FROM region_nights)) l
FULL JOIN night_regions r ON r.region_code = l.region_code;
