CREATE OR REPLACE TRIGGER guard BEFORE INSERT ON payment_stop_ends
    FOR EACH ROW EXECUTE FUNCTION guard_another_person();
