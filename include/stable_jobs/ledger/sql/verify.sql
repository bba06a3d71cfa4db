-- Whether the ledger is what it says: chain, rows, states, sums, catalog, schema, files.
-- Reads: audit_events, bank_answers, batch_changes, batches, broken_evidence, deliveries,
--   entitlement_revisions, entitlement_balances, entitlements, instructions, payment_lines, payment_states,
--   payments, pg_attribute, pg_class, published_files, snapshot_contents, snapshots.

-- name: counted
SELECT (SELECT count(*) FROM audit_events), (SELECT count(*) FROM entitlements),
       (SELECT count(*) FROM published_files);

-- name: tables
-- The ledger's tables that hold rows of events: those of its schema.
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = to_regnamespace('ledger') AND c.relkind = 'r' AND a.attname = 'event_id' ORDER BY 1;

-- name: digests
-- What each event of a range wrote into one table.
SELECT event, hashed, digest FROM digested_rows(:table, :version, :first, :last) ORDER BY event;

-- name: states
SELECT 'payment ' || p.id,
       coalesce(concat_ws(' ', c.to_state, c.changed_on, c.reason), 'a recorded state'),
       concat_ws(' ', p.state, p.changed_on, p.reason)
FROM payments p LEFT JOIN LATERAL (
    SELECT * FROM payment_states WHERE payment_id = p.id ORDER BY id DESC LIMIT 1) c ON true
WHERE (c.to_state, c.changed_on, c.reason) IS DISTINCT FROM (p.state, p.changed_on, p.reason)
UNION ALL
SELECT 'batch ' || b.batch_no, coalesce(concat_ws(' ', c.to_state, c.reason), 'a recorded state'),
       concat_ws(' ', b.state, b.reason)
FROM batches b LEFT JOIN LATERAL (
    SELECT * FROM batch_changes WHERE batch_id = b.id ORDER BY id DESC LIMIT 1) c ON true
WHERE (c.to_state, c.reason) IS DISTINCT FROM (b.state, b.reason)
UNION ALL
SELECT 'entitlement ' || e.region_code || ' ' || e.uscc,
       concat_ws(' ', c.scheme, c.entitled_amount, c.outside_amount, c.decided_on, c.unit_name),
       concat_ws(' ', e.scheme, e.entitled_amount, e.outside_amount, e.decided_on, e.unit_name)
FROM entitlements e LEFT JOIN LATERAL (
    SELECT * FROM entitlement_revisions WHERE entitlement_id = e.id ORDER BY id DESC LIMIT 1) c ON true
WHERE e.event_id IS NULL AND (c.scheme, c.entitled_amount, c.outside_amount, c.decided_on, c.unit_name)
    IS DISTINCT FROM (e.scheme, e.entitled_amount, e.outside_amount, e.decided_on, e.unit_name)
ORDER BY 1;

-- name: balance
SELECT region_code || ' ' || uscc || ' ' || policy_year, entitled_amount,
       outside || ' + ' || paid || ' + ' || open || ' + ' || waived || ' - ' || to_recover
FROM entitlement_balances WHERE entitled_amount <> outside + paid + open + waived - to_recover ORDER BY 1;

-- name: batches
SELECT b.batch_no, concat_ws(' ', b.count, b.total, b.hash), concat_ws(' ', l.count, l.total,
    batch_hash(b.id))
FROM batches b LEFT JOIN (
    SELECT batch_id, count(*) AS count, sum(amount) AS total FROM payment_lines GROUP BY batch_id
) l ON l.batch_id = b.id
WHERE (b.count, b.total, b.hash) IS DISTINCT FROM (l.count, l.total, batch_hash(b.id))
UNION ALL
SELECT b.batch_no, b.count || ' instructions', coalesce(i.count, 0) || ' instructions'
FROM batches b LEFT JOIN (SELECT batch_id, count(*) AS count FROM instructions GROUP BY batch_id) i
    ON i.batch_id = b.id
WHERE coalesce(i.count, 0) <> CASE WHEN b.state = 'published' THEN b.count ELSE 0 END
ORDER BY 1;

-- name: evidence
-- Rows of the catalog that are not what they were when a night was taken over.
SELECT 'event ' || event_id || ', ' || subject || ' ' || subject_id, expected, coalesce(found, 'no such row')
FROM broken_evidence ORDER BY event_id, subject, subject_id;

-- name: kept_snapshots
-- The lake's files that the catalog registers, with what it says of their bytes.
SELECT s.name, c.sha256, c.size_bytes FROM snapshots s JOIN snapshot_contents c ON c.snapshot_id = s.id
ORDER BY s.id;

-- name: kept_by_hash
-- The lake's files that are named by their hash.
SELECT 'landing/' || sha256 AS name FROM deliveries
UNION SELECT 'landing/' || sha256 FROM bank_answers
UNION SELECT 'published/' || sha256 FROM published_files WHERE batch_id IS NOT NULL;
