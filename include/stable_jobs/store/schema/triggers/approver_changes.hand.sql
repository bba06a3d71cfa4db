CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON approver_changes
    FOR EACH ROW EXECUTE FUNCTION require_hand('entered_by');
