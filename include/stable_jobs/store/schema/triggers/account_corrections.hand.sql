CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON account_corrections
    FOR EACH ROW EXECUTE FUNCTION require_hand('entered_by', 'system');
