CREATE OR REPLACE TRIGGER hand_kind BEFORE INSERT ON region_hold_releases
    FOR EACH ROW EXECUTE FUNCTION guard_same_kind();
