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
    "shared_accounts": N_("Units that share an account, over the year's batches and regions"),
    "doubts": N_("Units in doubt, whatever was ruled"),
    "fell_out": N_("Units that fell out of notice on this date"),
    "doubtful_refunds": N_("Refunds in doubt"),
    "open_recoveries": N_("Open recovery cases"),
    "ended_batches": N_("Batches voided or refused before"),
}

DEED = {
    "objection": N_("Decided an objection"),
    "account": N_("Entered or confirmed an account"),
    "budget": N_("Entered the budget"),
    "total": N_("Accepted the region's total"),
    "delivery": N_("Released a delivery"),
    "refund": N_("Ruled on a refund"),
    "doubt": N_("Ruled on a doubt"),
    "new account": N_("Accepted an account that followed a return"),
    "contradiction": N_("Settled what the bank contradicted itself about"),
}

DOUBT = {
    "new_code": N_("Another code with the same unit number and name or account"),
    "two_regions": N_("One code in two regions with the same premiums"),
    "shared_account": N_("Units that share an account"),
    "account_other_name": N_("One account under two names"),
    "unit_number_reused": N_("One unit number, another unit"),
    "one_unit_twice": N_("Two entitlements of one unit"),
}

POLICY_CONFIRMED = {
    "demonstration": N_("the demonstration's own, confirmed by nobody"),
    "no": N_("not confirmed"),
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
    "unchecked": N_(
        "Whoever assigned you was not authenticated. An engineer assigns you again: stable-jobs login, then"
        " stable-jobs approver add."
    ),
    "mixed": N_(
        "This batch has an unauthenticated answer from the command line of the demonstration: an answer under"
        " a login does not count beside it."
    ),
}

ANSWERED_IN = {
    "airflow": N_("Airflow"),
    "browser": N_("Browser"),
    "command line": N_("Command line"),
}

PROPOSAL_ANSWER = {"confirmed": N_("Confirmed"), "rejected": N_("Rejected")}

LOGIN = {"authenticated": N_("Authenticated"), "unauthenticated": N_("Unauthenticated")}

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
    "doubts": N_("Doubts"),
    "disagreements": N_("Decision and ledger disagree"),
    "codes": N_("Codes of the unit"),
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
    "doubt": N_("Doubt"),
    "one": N_("Unit"),
    "other": N_("Other unit"),
    "sharing": N_("Units that share"),
    "effect": N_("Effect"),
    "payable": N_("Decision: payable"),
    "already paid": N_("Decision: already paid"),
    "to pay": N_("Ledger: to pay"),
    "counted as paid": N_("Ledger: counted as paid"),
    "old code": N_("Old code"),
    "new code": N_("New code"),
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
    **DOUBT,
    "two_units": N_("Different units"),
    "same_unit": N_("The same unit"),
    "gone": N_("No longer shown by a night"),
    "stops": N_("Stops the payment"),
    "shown": N_("Is shown"),
    "amounts": N_("Different amounts"),
    "codes_together": N_("Two codes of one unit on one night"),
    "code_claimed_twice": N_("Two units claim one old number"),
    "labor": N_("Labor's delivery"),
    **BATCH_STATE,
    **ACCOUNT_SOURCE,
}

GROUPS: Mapping[str, Mapping[str, str]] = {
    "batch_state": BATCH_STATE,
    "batch_check": BATCH_CHECK,
    "deed": DEED,
    "policy_confirmed": POLICY_CONFIRMED,
    "account_source": ACCOUNT_SOURCE,
    "given_answer": GIVEN_ANSWER,
    "answered_in": ANSWERED_IN,
    "login": LOGIN,
    "proposal_answer": PROPOSAL_ANSWER,
    "why_not": WHY_NOT,
    "answer_said": {**WHY_NOT, **ANSWER_SAID},
    "ledger_table": LEDGER_TABLE,
    "ledger_column": LEDGER_COLUMN,
    "ledger_code": LEDGER_CODE,
    "doubt": {**DOUBT, "disagreement": N_("Decision and ledger disagree")},
}
