DROP TABLE applied_code;
