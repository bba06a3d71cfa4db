CREATE OR REPLACE TRIGGER hand BEFORE INSERT ON account_acceptances
    FOR EACH ROW EXECUTE FUNCTION require_hand('accepted_by');
