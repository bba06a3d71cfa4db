ALTER TABLE entitlements DROP CONSTRAINT entitlements_code_check;
DROP TRIGGER typed_again ON account_confirmations;
DROP TRIGGER guard ON account_corrections;
DROP VIEW individual_businesses;
DROP TABLE registered_codes, unit_forms;
DROP FUNCTION guard_typed_account, guard_correction, guard_registered_code;
DROP FUNCTION is_unit_code_shape;
