-- Money is instructed: the moment a batch is published, written down before any file is visible.
-- Reads: payment_lines, published_files.
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
