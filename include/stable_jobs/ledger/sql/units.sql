-- A unit has several codes over time: the night's tables are put under the code that the ledger knows it by.
-- Reads: code_units, entitlement_balances, entitlements, ledger_codes, night_codes, night_refunds,
--   night_regions, night_units, superseded_entitlements, unit_aliases, unit_conflicts, unit_heads,
--   unit_links.
-- Writes: code_changes, code_units, ledger_codes, night_refunds, night_units, paid_elsewhere,
--   unit_conflicts, unit_heads, unit_links.

-- name: code_changes
-- An old number that two units claim on one night joins neither.
INSERT INTO code_changes (region_code, old_code, new_code)
SELECT n.region_code, n.old_code, min(n.new_code) AS new_code
FROM night_codes n JOIN night_regions r ON r.region_code = n.region_code AND NOT r.is_suspended
WHERE n.old_code <> n.new_code
GROUP BY n.region_code, n.old_code HAVING count(DISTINCT n.new_code) = 1
ORDER BY n.region_code, n.old_code
ON CONFLICT (region_code, old_code, new_code) DO NOTHING;

-- name: links
-- Pairs of codes of one unit that the night or the policy year knows.
CREATE TEMPORARY TABLE unit_links ON COMMIT DROP AS
WITH known AS MATERIALIZED (
    SELECT region_code, uscc AS code FROM night_units
    UNION SELECT region_code, uscc FROM entitlements WHERE policy_year = extract(year FROM ledger_date())
    UNION SELECT region_code, uscc FROM night_refunds
    UNION SELECT region_code, old_code FROM night_codes
          GROUP BY region_code, old_code HAVING count(DISTINCT new_code) > 1
)
SELECT a.region_code, a.code, a.alias FROM unit_aliases a
JOIN known k ON k.region_code = a.region_code AND k.code = a.code
JOIN known l ON l.region_code = a.region_code AND l.code = a.alias;

-- name: units
CREATE TEMPORARY TABLE code_units ON COMMIT DROP AS
SELECT region_code, code, least(code, min(alias)) AS unit FROM unit_links GROUP BY region_code, code;

-- name: heads
-- The entitlements of units with several codes. More than one: nobody has ruled yet that they are one's.
CREATE TEMPORARY TABLE unit_heads ON COMMIT DROP AS
SELECT c.region_code, c.unit, e.id AS entitlement_id, e.uscc
FROM code_units c JOIN entitlements e ON e.region_code = c.region_code AND e.uscc = c.code
    AND e.policy_year = extract(year FROM ledger_date())
WHERE NOT EXISTS (SELECT FROM superseded_entitlements s WHERE s.entitlement_id = e.id);

-- name: conflicts
-- The night's units of which the codes contradict each other. A number that two units claim matters where
-- money was promised under it.
CREATE TEMPORARY TABLE unit_conflicts ON COMMIT DROP AS
SELECT n.region_code, n.uscc, n.unit_name, n.policy_year, n.payable, n.already_paid, c.unit,
       CASE WHEN h.heads > 1 THEN 'one_unit_twice' WHEN t.rows > 1 THEN 'codes_together'
            ELSE 'code_claimed_twice' END AS cause
FROM night_units n
JOIN night_regions r ON r.region_code = n.region_code AND NOT r.is_suspended
LEFT JOIN code_units c ON c.region_code = n.region_code AND c.code = n.uscc
LEFT JOIN (SELECT region_code, unit, count(*) AS heads FROM unit_heads GROUP BY region_code, unit) h
    ON h.region_code = c.region_code AND h.unit = c.unit
LEFT JOIN (
    SELECT c.region_code, c.unit, count(*) AS rows
    FROM night_units n JOIN code_units c ON c.region_code = n.region_code AND c.code = n.uscc
    GROUP BY c.region_code, c.unit) t ON t.region_code = c.region_code AND t.unit = c.unit
LEFT JOIN (
    SELECT DISTINCT k.region_code, k.new_code FROM night_codes k
    JOIN (SELECT region_code, old_code FROM night_codes
          GROUP BY region_code, old_code HAVING count(DISTINCT new_code) > 1) twice
        USING (region_code, old_code)
    LEFT JOIN code_units o ON o.region_code = k.region_code AND o.code = k.old_code
    WHERE EXISTS (SELECT FROM unit_heads h WHERE h.region_code = o.region_code AND h.unit = o.unit)
       OR EXISTS (SELECT FROM entitlements e WHERE e.region_code = k.region_code AND e.uscc = k.old_code
                  AND e.policy_year = extract(year FROM ledger_date()))
) claimed ON claimed.region_code = n.region_code AND claimed.new_code = n.uscc
WHERE h.heads > 1 OR t.rows > 1 OR claimed.new_code IS NOT NULL;

-- name: codes
CREATE TEMPORARY TABLE ledger_codes ON COMMIT DROP AS
SELECT c.region_code, c.code, coalesce(h.uscc, t.uscc) AS ledger_code
FROM code_units c
LEFT JOIN (SELECT region_code, unit, min(uscc) AS uscc FROM unit_heads
           GROUP BY region_code, unit HAVING count(*) = 1) h USING (region_code, unit)
LEFT JOIN (
    SELECT c.region_code, c.unit, min(n.uscc) AS uscc
    FROM night_units n JOIN code_units c ON c.region_code = n.region_code AND c.code = n.uscc
    GROUP BY c.region_code, c.unit HAVING count(*) = 1) t USING (region_code, unit)
WHERE coalesce(h.uscc, t.uscc) IS NOT NULL
  AND NOT EXISTS (SELECT FROM unit_heads o WHERE o.region_code = c.region_code AND o.unit = c.unit
                  AND o.uscc <> coalesce(h.uscc, t.uscc));

-- name: undecided
DELETE FROM night_units n USING unit_conflicts k
WHERE k.region_code = n.region_code AND k.uscc = n.uscc;
INSERT INTO night_units (region_code, uscc, unit_name, policy_year, decision, reasons, is_paid_known,
    is_revoked)
SELECT DISTINCT ON (region_code, code)
       region_code, code, unit_name, policy_year, 'undecided', cause, true, false
FROM (
    SELECT k.region_code, coalesce(h.uscc, k.uscc) AS code, k.unit_name, k.policy_year, k.cause
    FROM unit_conflicts k
    LEFT JOIN unit_heads h ON h.region_code = k.region_code AND h.unit = k.unit
    WHERE h.uscc IS NOT NULL OR k.cause = 'code_claimed_twice'
) told ORDER BY region_code, code, unit_name;

-- name: translated
ALTER TABLE night_units ADD COLUMN named text;
UPDATE night_units n SET named = n.uscc, uscc = c.ledger_code
FROM ledger_codes c WHERE c.region_code = n.region_code AND c.code = n.uscc AND c.ledger_code <> n.uscc;
UPDATE night_refunds f SET uscc = c.ledger_code
FROM ledger_codes c WHERE c.region_code = f.region_code AND c.code = f.uscc AND c.ledger_code <> f.uscc;

-- name: elsewhere
-- What a unit got under an entitlement that a person ruled to be the same unit's: it has had that.
CREATE TEMPORARY TABLE paid_elsewhere ON COMMIT DROP AS
SELECT e.region_code, c.ledger_code AS uscc,
       s.paid + CASE WHEN s.is_instructed THEN s.open ELSE 0 END AS amount
FROM superseded_entitlements d
JOIN entitlements e ON e.id = d.entitlement_id AND e.policy_year = extract(year FROM ledger_date())
JOIN ledger_codes c ON c.region_code = e.region_code AND c.code = e.uscc
JOIN entitlement_balances s ON s.entitlement_id = e.id
WHERE c.ledger_code <> e.uscc;
