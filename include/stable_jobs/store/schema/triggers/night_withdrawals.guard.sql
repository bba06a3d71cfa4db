CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON night_withdrawals
    FOR EACH ROW EXECUTE FUNCTION guard_night_withdrawal();
