-- Every answer, and whether its giver's login was checked; of those before this version, Airflow had checked its own.
CREATE OR REPLACE VIEW approval_hands AS
SELECT a.id AS approval_id, a.batch_id, coalesce(h.is_authenticated, a.answered_in = 'airflow') AS is_authenticated,
       h.via, h.os_user, h.host
FROM approvals a LEFT JOIN event_hands h ON h.event_id = a.event_id;

GRANT SELECT ON approval_hands TO stable_jobs_app;
