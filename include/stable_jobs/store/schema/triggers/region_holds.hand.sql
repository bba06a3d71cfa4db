CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON region_holds
    FOR EACH ROW EXECUTE FUNCTION require_hand('held_by', 'system');
