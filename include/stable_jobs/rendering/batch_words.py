"""Codes of batches and of the ledger, by group, with their English names. The catalogs have Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.rendering.marking import N_

BATCH_STATE = {
    "formed": N_("Formed"),
    "published": N_("Published"),
    "voided": N_("Voided"),
    "refused": N_("Refused"),
}

BATCH_CHECK = {
    "person_accounts": N_("Accounts entered by people"),
    "premium_accounts": N_("Premium accounts instead of corporate ones"),
    "later_attempts": N_("Later attempts after a return"),
    "shared_accounts": N_("Units that share an account"),
    "fell_out": N_("Units that fell out of notice on this date"),
    "doubtful_refunds": N_("Refunds in doubt"),
    "open_recoveries": N_("Open recovery cases"),
    "ended_batches": N_("Batches voided or refused before"),
}

DEED = {
    "objection": N_("Decided an objection"),
    "account": N_("Entered or confirmed an account"),
    "budget": N_("Entered the budget"),
    "delivery": N_("Released a delivery"),
    "refund": N_("Ruled on a refund"),
    "new account": N_("Accepted an account that followed a return"),
    "contradiction": N_("Settled what the bank contradicted itself about"),
}

ACCOUNT_SOURCE = {
    "corporate": N_("Corporate account"),
    "premium": N_("Premium account"),
    "person": N_("Entered by people"),
}

GIVEN_ANSWER = {"approved": N_("Approved"), "refused": N_("Refused")}

WHY_NOT = {
    "ended": N_("The batch has ended: nobody is asked any more."),
    "complete": N_("It has every approval it needs: the next disbursement run publishes it."),
    "no_role": N_("Answering for a batch is not for your role."),
    "prepared": N_("You had a hand in a line of this batch: another person must answer."),
    "answered": N_("You have answered for this batch: a second approval is another person's."),
    "not_assigned": N_(
        "You are not assigned as approver of this level for this region. Another person assigns you:"
        " stable-jobs approver add."
    ),
}

ANSWER_SAID = {
    "sent": N_(
        "Your answer is on its way: Airflow's task puts it into the ledger within seconds. Look again."
    ),
    "no_question": N_(
        "Nothing was changed: Airflow does not ask you about this batch right now. Run the DAG disbursement"
        " for its business date; it asks within a minute."
    ),
    "no_reason": N_("Nothing was changed: a refusal says why. Give a reason."),
}

LEDGER_TABLE = {
    "sums": N_("Entitlements (yuan)"),
    "changes": N_("Payments, change by change"),
    "lines": N_("Lines in batches"),
    "objections": N_("Objections"),
    "recoveries": N_("Recovery cases"),
    "refunds": N_("Refunds that finance reports"),
}

LEDGER_COLUMN = {
    "id": N_("Number"),
    "year": N_("Policy year"),
    "scheme": N_("Scheme"),
    "entitled": N_("Entitled"),
    "outside": N_("Paid outside"),
    "paid": N_("Paid by us"),
    "open": N_("Open"),
    "waived": N_("Waived"),
    "recovering": N_("To be recovered"),
    "decided": N_("Decided on"),
    "payment": N_("Payment"),
    "yuan": N_("Yuan"),
    "state": N_("State"),
    "night": N_("Business date"),
    "at": N_("When"),
    "by": N_("Who"),
    "reason": N_("Reason"),
    "event": N_("Event"),
    "line": N_("Line"),
    "batch": N_("Batch"),
    "bank": N_("Bank"),
    "account": N_("Account (masked)"),
    "source": N_("Source"),
    "instructed": N_("Instructed on"),
    "answer": N_("The bank's answer"),
    "bank's reason": N_("The bank's reason"),
    "then said": N_("What the bank said then"),
    "objection": N_("Objection"),
    "entered by": N_("Entered by"),
    "decision": N_("Decision"),
    "decided by": N_("Decided by"),
    "why": N_("Why"),
    "cause": N_("Cause"),
    "opened": N_("Opened on"),
    "outcome": N_("Outcome"),
    "closed by": N_("Closed by"),
    "paid on": N_("Paid on"),
    "voucher": N_("Voucher"),
    "reference": N_("Payment reference"),
    "standing": N_("Standing"),
    "ruling": N_("Ruling"),
    "ruled by": N_("Ruled by"),
}

LEDGER_CODE = {
    "on_notice": N_("On notice"),
    "objected": N_("Objected to"),
    "cleared": N_("Cleared"),
    "batched": N_("In a batch"),
    "instructed": N_("Instructed"),
    "paid": N_("Paid"),
    "returned": N_("Returned"),
    "corrected": N_("Corrected"),
    "withdrawn": N_("Withdrawn"),
    "waived": N_("Waived"),
    "open": N_("Open"),
    "upheld": N_("Upheld"),
    "dismissed": N_("Dismissed"),
    "recovered": N_("Recovered"),
    "dropped": N_("Dropped"),
    "superseded": N_("Superseded"),
    "revoked": N_("Entitlement revoked"),
    "lowered": N_("Entitlement lowered"),
    "paid_twice": N_("Paid twice"),
    "ours": N_("Ours"),
    "differs": N_("Ours, another amount"),
    "doubtful": N_("In doubt"),
    "same": N_("The same payment"),
    "outside": N_("Another payment"),
    **BATCH_STATE,
    **ACCOUNT_SOURCE,
}

GROUPS: Mapping[str, Mapping[str, str]] = {
    "batch_state": BATCH_STATE,
    "batch_check": BATCH_CHECK,
    "deed": DEED,
    "account_source": ACCOUNT_SOURCE,
    "given_answer": GIVEN_ANSWER,
    "why_not": WHY_NOT,
    "answer_said": {**WHY_NOT, **ANSWER_SAID},
    "ledger_table": LEDGER_TABLE,
    "ledger_column": LEDGER_COLUMN,
    "ledger_code": LEDGER_CODE,
}
