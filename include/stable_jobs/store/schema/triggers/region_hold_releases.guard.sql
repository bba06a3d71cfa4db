CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON region_hold_releases
    FOR EACH ROW EXECUTE FUNCTION guard_another_person();
