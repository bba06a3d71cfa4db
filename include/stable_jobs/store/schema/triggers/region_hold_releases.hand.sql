CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON region_hold_releases
    FOR EACH ROW EXECUTE FUNCTION require_hand('released_by');
