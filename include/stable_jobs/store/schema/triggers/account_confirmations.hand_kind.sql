CREATE OR REPLACE TRIGGER hand_kind BEFORE INSERT ON account_confirmations
    FOR EACH ROW EXECUTE FUNCTION guard_same_kind();
