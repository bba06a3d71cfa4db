CREATE OR REPLACE TRIGGER own_event_of_changes BEFORE UPDATE ON entitlements
    FOR EACH STATEMENT EXECUTE FUNCTION require_own_event();
