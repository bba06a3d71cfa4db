CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON decisions_in_force
    FOR EACH ROW EXECUTE FUNCTION guard_decision_in_force();
