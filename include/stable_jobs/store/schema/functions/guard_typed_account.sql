-- Whoever confirms an account types its number again: stable_jobs.typed_account of the transaction, never kept.
CREATE OR REPLACE FUNCTION guard_typed_account() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM account_corrections WHERE id = NEW.correction_id
          AND account_key(account_no) = account_key(current_setting('stable_jobs.typed_account', true))) THEN
        RAISE EXCEPTION 'correction %: the number typed is not the one that was entered; next: read it from the unit''s letter again, or enter the account anew',
            NEW.correction_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
