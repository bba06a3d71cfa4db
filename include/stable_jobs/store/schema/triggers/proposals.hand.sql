CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON proposals
    FOR EACH ROW EXECUTE FUNCTION require_hand('proposed_by', 'system');
