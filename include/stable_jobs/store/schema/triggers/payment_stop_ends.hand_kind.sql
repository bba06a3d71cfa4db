CREATE OR REPLACE TRIGGER hand_kind BEFORE INSERT ON payment_stop_ends
    FOR EACH ROW EXECUTE FUNCTION guard_same_kind();
