-- Who may approve in which region at which level. is_authenticated: whether a person assigned under a checked login;
-- such an assignment alone serves a checked approval.
CREATE OR REPLACE VIEW assigned_approvers AS
SELECT person, region_code, level, is_authenticated FROM (
    SELECT DISTINCT ON (c.person, c.region_code, c.level) c.person, c.region_code, c.level, c.is_assigned,
           coalesce(h.is_authenticated, false) AS is_authenticated
    FROM approver_changes c LEFT JOIN event_hands h ON h.event_id = c.event_id
    ORDER BY c.person, c.region_code, c.level, c.id DESC
) newest WHERE is_assigned;

GRANT SELECT ON assigned_approvers TO stable_jobs_app;
