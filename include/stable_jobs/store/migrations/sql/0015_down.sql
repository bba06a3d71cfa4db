DROP TABLE applied_code;
DROP PROCEDURE guard_history;
