CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON recovery_closings
    FOR EACH ROW EXECUTE FUNCTION require_hand('closed_by', 'system');
