-- The lake beside the catalog: whether every file that is registered or named by its hash is the same.
-- Reads: bank_answers, deliveries, published_files, snapshot_contents, snapshots.

-- name: snapshots
SELECT s.name, c.sha256, c.size_bytes FROM snapshots s JOIN snapshot_contents c ON c.snapshot_id = s.id
ORDER BY s.id;

-- name: named
SELECT 'landing/' || sha256 AS name FROM deliveries
UNION SELECT 'landing/' || sha256 FROM bank_answers
UNION SELECT 'published/' || sha256 FROM published_files WHERE batch_id IS NOT NULL;
