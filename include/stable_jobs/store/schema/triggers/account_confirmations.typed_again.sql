CREATE OR REPLACE TRIGGER typed_again BEFORE INSERT ON account_confirmations
    FOR EACH ROW EXECUTE FUNCTION guard_typed_account();
