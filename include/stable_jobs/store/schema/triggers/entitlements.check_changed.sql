CREATE OR REPLACE TRIGGER check_changed AFTER UPDATE ON entitlements REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_changed_entitlements();
