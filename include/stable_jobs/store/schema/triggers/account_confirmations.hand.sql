CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON account_confirmations
    FOR EACH ROW EXECUTE FUNCTION require_hand('confirmed_by');
