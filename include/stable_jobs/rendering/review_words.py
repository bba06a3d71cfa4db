"""Codes that the review pages show, by group, with their English names. The catalogs have Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.rendering import batch_words, enterprise_words
from stable_jobs.rendering.marking import N_

SECTION = {
    "nights": N_("Nights"),
    "enterprises": N_("Enterprises"),
    "regions": N_("Regions and policy"),
    "batches": N_("Batches"),
    "proposals": N_("Second persons"),
    "comparison": N_("Comparison"),
}

ROLE = {
    "viewer": N_("Viewer"),
    "officer": N_("Officer"),
    "approver": N_("Approver"),
    "engineer": N_("Engineer"),
}

NIGHT_STATE = {
    "published": N_("Published"),
    "held": N_("Held"),
    "waiting": N_("Waits for approval"),
    "running": N_("Running"),
    "decided": N_("Decided"),
}

SIZE = {
    "large": N_("Large"),
    "medium": N_("Medium"),
    "small": N_("Small"),
    "micro": N_("Micro"),
}

PARAMETER_UNIT = {
    "months": N_("months"),
    "persons": N_("persons"),
    "people": N_("people"),
    "month": N_("(month)"),
    "working_days": N_("working days"),
    "units": N_("units"),
    "yuan": N_("yuan"),
    "factor": N_("times"),
}

TROUBLE = {
    "not_signed_in": N_("You are not signed in"),
    "forbidden": N_("This is not for your role"),
    "old_form": N_("This form is too old, or came from elsewhere"),
    "not_found": N_("There is nothing here"),
    "refused": N_("Refused"),
    "broken": N_("The page broke"),
}

TROUBLE_NEXT = {
    "not_signed_in": N_("Sign in to Airflow, then open the page again."),
    "forbidden": N_("Ask whoever manages the users of this installation for the role that may do it."),
    "old_form": N_("Open the page again and send the form from there."),
    "not_found": N_("Check the address, or start from Nights."),
    "refused": N_("Nothing was changed. Read the reason, and do what it says."),
    "broken": N_(
        "Try again. If it stays, tell an engineer the time and the address: the server's log has the cause."
    ),
}

GROUPS: Mapping[str, Mapping[str, str]] = {
    "section": SECTION,
    "role": ROLE,
    "night_state": NIGHT_STATE,
    "size": SIZE,
    "parameter_unit": PARAMETER_UNIT,
    **batch_words.GROUPS,
    **enterprise_words.GROUPS,
    "plain_value": {**enterprise_words.PLAIN_VALUE, **SIZE, **batch_words.ACCOUNT_SOURCE},
    "trouble": TROUBLE,
    "trouble_next": TROUBLE_NEXT,
}
