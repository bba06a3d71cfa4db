CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON policy_confirmations
    FOR EACH ROW EXECUTE FUNCTION guard_policy_confirmation();
