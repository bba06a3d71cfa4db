-- Money is instructed: the moment a batch is published, written down before any file is visible.
-- Reads: entitlements, payment_lines, payments, published_files.
-- Writes: instructions, payments, published_files.

-- name: instructed
INSERT INTO instructions (line_id, batch_id, payment_id, attempt, end_to_end_id, amount)
SELECT id, batch_id, payment_id, attempt, end_to_end_id, amount FROM payment_lines
WHERE batch_id = :id ORDER BY line_no;

-- name: moved
UPDATE payments p SET state = 'instructed', reason = l.end_to_end_id, changed_on = ledger_date()
FROM payment_lines l WHERE l.batch_id = :id AND l.payment_id = p.id;

-- name: insert_published_files
INSERT INTO published_files (folder, name, sha256, size_bytes, batch_id)
SELECT :folder, :name, :sha256, :size_bytes, :batch
WHERE NOT EXISTS (SELECT FROM published_files
    WHERE folder = :folder AND name = :name AND sha256 = :sha256);

-- name: files_of
SELECT folder, name, sha256, size_bytes
    FROM published_files WHERE batch_id = :id ORDER BY folder, name;

-- name: manifests
SELECT batch_id, folder FROM published_files
WHERE batch_id IS NOT NULL AND name = 'manifest.json' ORDER BY batch_id;

-- name: lines
-- What a batch's files are made of. The only query that gives whole account numbers.
SELECT l.line_no, l.end_to_end_id, e.region_code, e.uscc, l.unit_name, l.scheme, l.size_class, l.headcount,
       l.amount, l.account_name, l.account_no, l.bank_code, l.bank_name, l.account_source, l.priority, l.attempt
FROM payment_lines l JOIN payments p ON p.id = l.payment_id JOIN entitlements e ON e.id = p.entitlement_id
WHERE l.batch_id = :batch_id ORDER BY l.line_no;
