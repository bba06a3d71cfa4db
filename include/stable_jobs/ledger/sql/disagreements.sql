-- The decision and the ledger count what a unit was paid each by its own: where they differ, the unit stops.
-- Reads: disagreeing, due, instructions, matched, night_units, payments, unit_conflicts, unit_heads,
--   unit_standing.
-- Writes: disagreeing, disagreements, due.

-- name: disagreements
-- Nothing becomes due to a unit that disagrees: what was settled and what is open stands.
CREATE TEMPORARY TABLE disagreeing ON COMMIT DROP AS
SELECT * FROM (
    SELECT d.region_code, d.uscc, d.entitlement_id, n.unit_name, n.payable, n.already_paid,
           d.outside + coalesce(p.counted, 0) + coalesce(t.amount, 0) AS counted,
           coalesce(p.fresh, 0) + greatest(d.difference, 0) AS difference,
           coalesce(p.is_moved, false) OR coalesce(u.waived > 0 OR u.recovering > 0, false)
               OR d.is_barred AS is_explained
    FROM due d
    JOIN night_units n ON n.region_code = d.region_code AND n.uscc = d.uscc
    LEFT JOIN unit_standing u ON u.entitlement_id = d.entitlement_id
    LEFT JOIN (
        SELECT p.entitlement_id,
               sum(p.amount) FILTER (WHERE i.first_on < ledger_date() AND NOT i.came_back AND NOT (
                   p.state IN ('withdrawn', 'waived') AND p.changed_on < ledger_date())) AS counted,
               sum(p.amount) FILTER (WHERE (i.first_on IS NULL OR i.came_back)
                   AND p.state NOT IN ('paid', 'withdrawn', 'waived')) AS fresh,
               bool_or(i.last_on >= ledger_date()
                   OR p.state = 'withdrawn' AND p.changed_on >= ledger_date()
                      AND i.first_on IS NOT NULL) AS is_moved
        FROM payments p LEFT JOIN payments_sent(ledger_date()) i ON i.payment_id = p.id
        GROUP BY p.entitlement_id
    ) p ON p.entitlement_id = d.entitlement_id
    LEFT JOIN (
        SELECT m.region_code, m.uscc, sum(m.amount) AS amount
        FROM matched m JOIN instructions i ON i.end_to_end_id = m.payment_reference
        WHERE m.standing = 'ours' AND i.instructed_on >= ledger_date() GROUP BY m.region_code, m.uscc
    ) t ON t.region_code = d.region_code AND t.uscc = d.uscc
    WHERE d.decision = 'eligible' AND n.already_paid IS NOT NULL
) compared
WHERE counted <> already_paid OR difference <> payable AND NOT is_explained;
DELETE FROM due d USING disagreeing g WHERE g.region_code = d.region_code AND g.uscc = d.uscc;
INSERT INTO disagreements (region_code, uscc, unit_name, policy_year, entitlement_id, cause, payable,
    already_paid, difference, counted)
SELECT region_code, uscc, unit_name, extract(year FROM ledger_date()), entitlement_id, 'amounts', payable,
       already_paid, difference, counted
FROM disagreeing ORDER BY region_code, uscc;
INSERT INTO disagreements (region_code, uscc, unit_name, policy_year, entitlement_id, cause, payable,
    already_paid)
SELECT k.region_code, k.uscc, k.unit_name, k.policy_year, h.entitlement_id, k.cause, k.payable,
       k.already_paid
FROM unit_conflicts k
LEFT JOIN unit_heads h ON h.region_code = k.region_code AND h.unit = k.unit
ORDER BY k.region_code, k.uscc, h.entitlement_id;
