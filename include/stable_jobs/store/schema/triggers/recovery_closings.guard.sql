CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON recovery_closings
    FOR EACH ROW EXECUTE FUNCTION guard_recovery_closing();
