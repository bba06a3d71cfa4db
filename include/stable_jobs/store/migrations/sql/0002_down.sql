DROP VIEW entitlement_standing, newest_nights, standing_holds, assigned_approvers, doubtful_refunds CASCADE;
DROP TABLE
    audit_events, life_cycle, region_nights, entitlements, entitlement_revisions, notices, payments, state_changes,
    notice_lines, notice_closings, objections, objection_decisions, batches, batch_changes, payment_lines,
    batch_preparers, approver_changes, approvals, instructions, published_files, bank_answers, bank_answer_rows,
    bank_results, account_corrections, account_confirmations, recovery_cases, recovery_closings, reported_refunds,
    refund_rulings, region_holds, region_hold_releases, budget_entries
    CASCADE;
DROP FUNCTION
    event_digest, is_within, end_to_end_id, person_key, refuse_rewriting, set_event,
    require_own_event, guard_audit_event, require_newest_night, require_no_hold,
    guard_entitlement, record_new_entitlements, guard_payment, record_new_payments, record_changed_payments,
    check_changed_payments,
    guard_notice_closing, guard_batch, record_batch, guard_lines, guard_approval, guard_instructions,
    guard_bank_results, guard_another_person;
DROP FUNCTION IF EXISTS batch_hash;
DROP FUNCTION ledger_event, ledger_date;
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM stable_jobs_app', current_database());
END $$;
