CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON account_confirmations
    FOR EACH ROW EXECUTE FUNCTION guard_another_person();
