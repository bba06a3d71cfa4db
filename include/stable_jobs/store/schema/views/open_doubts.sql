-- Doubts that nobody has ruled on.
CREATE OR REPLACE VIEW open_doubts AS
SELECT d.* FROM doubts d LEFT JOIN doubt_rulings k ON k.doubt_id = d.id WHERE k.doubt_id IS NULL;

GRANT SELECT ON open_doubts TO stable_jobs_app;
