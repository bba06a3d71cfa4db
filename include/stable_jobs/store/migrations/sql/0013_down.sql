DROP VIEW broken_evidence;
DROP FUNCTION decision_evidence(bigint);
DROP TABLE night_evidence;
DROP FUNCTION guard_evidence();
DROP VIEW catalog_digests;
DROP FUNCTION row_sha256(text[]);
DROP TABLE snapshot_contents;
