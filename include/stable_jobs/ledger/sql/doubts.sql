-- What looks like one unit, or one account, twice: counted, shown, and of some kinds stopped until a ruling.
-- Reads: batches, coded, doubt_rulings, doubt_terms, doubts, entitlements, found_doubts, line_results,
--   night_regions, night_units, notice_lines, open_doubts, payment_lines, payments, sharing,
--   superseded_entitlements, unit_accounts, unit_aliases, unit_heads, unit_marks, unit_numbers.
-- Writes: code_changes, coded, doubt_rulings, doubt_terms, doubts, found_doubts, sharing, unit_accounts,
--   unit_marks, unit_numbers.

-- name: insert_doubt_rulings
INSERT INTO doubt_rulings (doubt_id, outcome, reason, ruled_by)
VALUES (:id, :outcome, :reason, :person);

-- name: joined
INSERT INTO code_changes (region_code, old_code, new_code, doubt_id)
SELECT e.region_code, o.uscc, e.uscc, d.id
FROM doubts d JOIN entitlements e ON e.id = d.entitlement_id
JOIN entitlements o ON o.id = d.other_entitlement_id AND o.region_code = e.region_code
    AND o.uscc <> e.uscc
WHERE d.id = :id
ON CONFLICT (region_code, old_code, new_code) DO NOTHING;

-- name: terms
INSERT INTO doubt_terms (region_code, stopping, shared_account_units)
SELECT r.region_code, r.stopping_doubts, r.shared_account_units
FROM (SELECT region_code, coalesce(stopping_doubts, 'new_code;two_regions;shared_account') AS stopping_doubts,
             coalesce(shared_account_units, 2) AS shared_account_units
      FROM night_regions WHERE NOT is_suspended) r
LEFT JOIN LATERAL (SELECT t.stopping, t.shared_account_units FROM doubt_terms t
                   WHERE t.region_code = r.region_code ORDER BY t.id DESC LIMIT 1) t ON true
WHERE (t.stopping, t.shared_account_units) IS DISTINCT FROM (r.stopping_doubts, r.shared_account_units)
ORDER BY r.region_code;

-- name: numbers
INSERT INTO unit_numbers (entitlement_id, unit_no)
SELECT e.id, n.unit_no
FROM night_units n JOIN night_regions r ON r.region_code = n.region_code AND NOT r.is_suspended
JOIN entitlements e ON e.region_code = n.region_code AND e.uscc = n.uscc
    AND e.policy_year = extract(year FROM ledger_date())
WHERE n.unit_no IS NOT NULL AND NOT EXISTS (
    SELECT FROM unit_numbers u WHERE u.entitlement_id = e.id AND u.unit_no = n.unit_no)
ORDER BY e.id;

-- name: marks
-- Every entitlement of the year, with what a unit is known by.
CREATE TEMPORARY TABLE unit_marks ON COMMIT DROP AS
SELECT e.id AS entitlement_id, e.region_code, e.uscc, e.unit_name,
       coalesce(n.premium_base, l.premium_base) AS premium, r.region_code IS NOT NULL AS is_tonight
FROM entitlements e
LEFT JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_suspended
LEFT JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
LEFT JOIN (
    SELECT DISTINCT ON (p.entitlement_id) p.entitlement_id, l.premium_base
    FROM payments p JOIN notice_lines l ON l.payment_id = p.id ORDER BY p.entitlement_id, p.id DESC
) l ON l.entitlement_id = e.id
WHERE e.policy_year = extract(year FROM ledger_date())
  AND NOT EXISTS (SELECT FROM superseded_entitlements s WHERE s.entitlement_id = e.id);

-- name: accounts
-- Where money of the year went, is on its way or would go tonight.
CREATE TEMPORARY TABLE unit_accounts ON COMMIT DROP AS
SELECT entitlement_id, account, account_name FROM (
    SELECT p.entitlement_id, account_key(l.account_no) AS account, l.account_name
    FROM payment_lines l JOIN payments p ON p.id = l.payment_id JOIN batches b ON b.id = l.batch_id
    LEFT JOIN line_results k ON k.line_id = l.id
    WHERE b.policy_year = extract(year FROM ledger_date()) AND b.state IN ('formed', 'published')
      AND k.outcome IS DISTINCT FROM 'returned'
    UNION ALL
    SELECT e.id, account_key(n.account_no), n.account_name
    FROM night_units n JOIN night_regions r ON r.region_code = n.region_code AND NOT r.is_suspended
    JOIN entitlements e ON e.region_code = n.region_code AND e.uscc = n.uscc
        AND e.policy_year = extract(year FROM ledger_date())
    WHERE n.account_no IS NOT NULL AND e.id IN (
        SELECT p.entitlement_id FROM payments p WHERE p.is_open AND p.state <> 'instructed')
) every WHERE account IS NOT NULL;

-- name: sharing
-- Names are compared where an account has several units, and nowhere else: comparing them takes time.
CREATE TEMPORARY TABLE sharing ON COMMIT DROP AS
SELECT a.entitlement_id, a.account, a.name, first_value(a.name) OVER own AS first_name,
       first_value(a.entitlement_id) OVER own AS first_id, count(*) OVER (PARTITION BY a.account) AS units
FROM (
    SELECT entitlement_id, account, max(name_key(account_name)) AS name FROM unit_accounts
    WHERE account IN (SELECT account FROM unit_accounts GROUP BY account
                      HAVING min(entitlement_id) < max(entitlement_id))
    GROUP BY entitlement_id, account
) a JOIN unit_marks m ON m.entitlement_id = a.entitlement_id
WINDOW own AS (PARTITION BY a.account ORDER BY a.entitlement_id);

-- name: found
CREATE TEMPORARY TABLE found_doubts (
    kind text, entitlement_id bigint, other_entitlement_id bigint, units bigint) ON COMMIT DROP;

-- name: finders
INSERT INTO found_doubts
SELECT 'shared_account', entitlement_id, min(first_id), max(units) FROM sharing
WHERE first_id < entitlement_id GROUP BY entitlement_id;
INSERT INTO found_doubts
SELECT 'account_other_name', entitlement_id, min(first_id), max(units) FROM sharing
WHERE first_id < entitlement_id AND name <> first_name GROUP BY entitlement_id;
INSERT INTO found_doubts
SELECT CASE WHEN name_key(m.unit_name) = name_key(o.unit_name) OR EXISTS (
           SELECT FROM unit_accounts a JOIN unit_accounts b ON b.account = a.account
           WHERE a.entitlement_id = m.entitlement_id AND b.entitlement_id = o.entitlement_id)
           THEN 'new_code' ELSE 'unit_number_reused' END,
       m.entitlement_id, o.entitlement_id, max(numbered.units)
FROM (
    SELECT m.entitlement_id, first_value(m.entitlement_id) OVER own AS first_id,
           count(*) OVER (PARTITION BY m.region_code, u.unit_no) AS units
    FROM unit_marks m JOIN unit_numbers u ON u.entitlement_id = m.entitlement_id
    WINDOW own AS (PARTITION BY m.region_code, u.unit_no ORDER BY m.entitlement_id)
) numbered
JOIN unit_marks m ON m.entitlement_id = numbered.entitlement_id
JOIN unit_marks o ON o.entitlement_id = numbered.first_id
WHERE numbered.first_id < numbered.entitlement_id
GROUP BY m.entitlement_id, m.unit_name, o.entitlement_id, o.unit_name;
CREATE TEMPORARY TABLE coded ON COMMIT DROP AS
SELECT entitlement_id, region_code, premium, uscc AS code FROM unit_marks
WHERE premium IS NULL OR premium > 0
UNION
SELECT m.entitlement_id, m.region_code, m.premium, a.alias
FROM unit_marks m JOIN unit_aliases a ON a.region_code = m.region_code AND a.code = m.uscc
WHERE m.premium IS NULL OR m.premium > 0;
INSERT INTO found_doubts
SELECT 'two_regions', m.entitlement_id, min(o.entitlement_id), count(DISTINCT o.entitlement_id) + 1
FROM coded m JOIN coded o ON o.code = m.code AND o.region_code <> m.region_code
    AND o.entitlement_id < m.entitlement_id
WHERE o.premium = m.premium OR o.premium IS NULL OR m.premium IS NULL
GROUP BY m.entitlement_id;
INSERT INTO found_doubts
SELECT 'one_unit_twice', entitlement_id, first_id, heads FROM (
    SELECT entitlement_id, min(entitlement_id) OVER own AS first_id, count(*) OVER own AS heads
    FROM unit_heads WINDOW own AS (PARTITION BY region_code, unit)
) twice WHERE first_id < entitlement_id;

-- name: gone
-- A number of units that changed makes another doubt of it. What a region without a night would show is not
-- known.
INSERT INTO doubt_rulings (doubt_id, outcome, reason, ruled_by)
SELECT d.id, 'gone', 'this night no longer shows it', 'stable-jobs'
FROM open_doubts d
JOIN entitlements e ON e.id = d.entitlement_id AND e.policy_year = extract(year FROM ledger_date())
JOIN entitlements o ON o.id = d.other_entitlement_id
JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_suspended
JOIN night_regions s ON s.region_code = o.region_code AND NOT s.is_suspended
WHERE NOT EXISTS (
    SELECT FROM found_doubts f WHERE (f.kind, f.entitlement_id, f.other_entitlement_id, f.units)
        = (d.kind, d.entitlement_id, d.other_entitlement_id, d.units))
ORDER BY d.id;

-- name: noted
-- What a person has ruled on is not asked again.
INSERT INTO doubts (kind, entitlement_id, other_entitlement_id, units)
SELECT f.kind, f.entitlement_id, f.other_entitlement_id, f.units
FROM found_doubts f
WHERE NOT EXISTS (
    SELECT FROM doubts d LEFT JOIN doubt_rulings k ON k.doubt_id = d.id
    WHERE (d.kind, d.entitlement_id, d.other_entitlement_id)
        = (f.kind, f.entitlement_id, f.other_entitlement_id) AND k.outcome IS DISTINCT FROM 'gone')
  AND NOT EXISTS (
    SELECT FROM doubts d JOIN doubt_rulings k ON k.doubt_id = d.id AND k.outcome = 'same'
    WHERE d.entitlement_id = f.entitlement_id)
ORDER BY f.entitlement_id, f.kind;
