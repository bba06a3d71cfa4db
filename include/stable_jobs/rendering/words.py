"""Codes that people read, by group, with their English names. The catalogs have the Chinese ones.

`N_` only marks a text; `environment.translated` looks it up.
"""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.rendering import review_words
from stable_jobs.rendering.marking import N_

DEPARTMENT = {
    "labor": N_("Labor"),
    "tax": N_("Tax"),
    "finance": N_("Finance"),
    "development": N_("Development and reform"),
    "economy": N_("Economy and information"),
    "policy": N_("Policy maintenance"),
}

SEVERITY = {"critical": N_("Critical"), "warning": N_("Warning"), "info": N_("Info")}

LEVEL = {
    "blocks": N_("Holds a region"),
    "rows": N_("Units undecided"),
    "notice": N_("To look at"),
}

STATUS = {
    "accepted": N_("Accepted"),
    "released": N_("Released by a person"),
    "stand_in": N_("Earlier delivery stands in"),
    "held": N_("Held"),
    "refused": N_("Refused"),
    "missing": N_("Missing"),
    "superseded": N_("Replaced by a later one"),
    "pending": N_("Not validated yet"),
}

HELD = {
    "missing_delivery": N_("A required delivery is missing: none was accepted within the age allowed"),
    "held_delivery": N_("The delivery was stopped by a rule about the whole delivery"),
    "no_parameters": N_("The region has no policy parameters for this policy year"),
    "bad_parameters": N_("The region's policy files have a fault"),
    "unreadable_unit": N_("A quarantined row may concern any unit of the region: its unit cannot be read"),
    "lists_do_not_add_up": N_("The region's lists do not add up to its decision"),
}

HELD_NEXT = {
    "missing_delivery": N_("Send the delivery, or send it again corrected; the next run decides the region"),
    "held_delivery": N_("Send it again corrected; if it is right as it is, have it released with a reason"),
    "no_parameters": N_("Enter the region's parameters for the policy year with their legal reference"),
    "bad_parameters": N_("Correct the named place in the policy file and run the night again"),
    "unreadable_unit": N_("Correct the code in that row and send the whole delivery again"),
    "lists_do_not_add_up": N_("Give this report to whoever keeps the program; nothing was published or paid"),
}

ORPHANS = {
    "what": N_("Rows match no insured unit of their region"),
    "next": N_("Compare the credit codes and regions of these rows with the insured units"),
}

REFUSED = {
    "held": N_("The delivery was stopped by a rule about the whole delivery"),
    "refused": N_("The delivery cannot be read as its contract says"),
    "next": N_("Correct the delivery and send it again"),
}

OWED = {
    "not_sent": N_("Nothing was sent for this business date"),
    "next": N_("Send it with its manifest; the next run takes it"),
}

PLACE = {
    "all": N_("File for all regions"),
    "none": N_("Region not readable"),
    "unknown": N_("Other region"),
}

MEASURE = {
    "rows": N_("%(rows)s rows; %(quarantined)s quarantined; last accepted %(previous_rows)s"),
    "none": N_("none"),
    "most_quarantined": N_("at most %(share)s of the rows quarantined: %(most)s of %(rows)s"),
    "fewest_rows": N_(
        "less than %(share)s below the last accepted: at least %(fewest)s rows after %(previous_rows)s"
    ),
}

CHECK = {
    "accepted": N_("It would be accepted whole."),
    "quarantined": N_("It would be accepted without the rows that are quarantined."),
    "held": N_("It would be held: none of its rows would count."),
    "refused": N_("It would be refused."),
    "rows": N_("%(received)s rows received; %(accepted)s accepted; %(quarantined)s quarantined"),
    "where": N_("row %(row)s"),
    "column": N_("column %(column)s"),
    "more": N_("and %(more)s more"),
    "count": N_("Rows"),
    "what": N_("What is wrong"),
    "expected": N_("Expected"),
    "found": N_("Found"),
    "next": N_("Next step"),
    "no_manifest": N_(
        "There is no manifest beside it: rows and control total are not compared. The bureau takes no file"
        " without one."
    ),
    "left_out": N_(
        "Not checked here: whether it has far fewer rows than the last one accepted, and which codes people"
        " have registered as valid."
    ),
}

SEGMENT = {
    "eligible": N_("Eligible"),
    "payable": N_("Payable"),
    "ineligible": N_("Ineligible"),
    "undecided": N_("Undecided"),
    "quarantined": N_("Quarantined"),
    "held": N_("Region held"),
    "accepted": N_("Accepted"),
    "units_in": N_("Units in"),
    "readable": N_("Not quarantined"),
    "decided": N_("Decided"),
    "base": N_("In the base"),
    "late_fee": N_("Late fees"),
    "outside_year": N_("Paid outside the year"),
    "earlier_back_payment": N_("Back payments for earlier years"),
    "orphan": N_("Matches no unit"),
    "appeared": N_("Appeared"),
    "gone": N_("Gone"),
    "changed": N_("Changed"),
    "paid": N_("Paid"),
    "returned": N_("Returned"),
    "unanswered": N_("Not answered by the bank"),
}

SCHEME = {"general": N_("General scheme"), "difficult": N_("Scheme for firms in difficulty")}

BASELINE = {
    "night_before": N_("Against the night before"),
    "earlier_decision": N_("Against the earlier decision of this date"),
    "chosen": N_("Against the night of"),
}

ONE_SIDED = {
    "only_before": N_("Not decided now: all its rows go"),
    "only_after": N_("Not decided then: all its rows appear"),
}

NO_BASELINE = {
    "night_before": N_("There is no earlier night to compare with."),
    "earlier_decision": N_("This date was not decided otherwise before."),
}

VERSION = {
    "stable_jobs": N_("Version"),
    "code": N_("Code"),
    "policies": N_("Policies"),
    "contracts": N_("Contracts"),
}

GROUPS: Mapping[str, Mapping[str, str]] = {
    "department": DEPARTMENT,
    "severity": SEVERITY,
    "level": LEVEL,
    "status": STATUS,
    "held": HELD,
    "held_next": HELD_NEXT,
    "orphans": ORPHANS,
    "refused": REFUSED,
    "owed": OWED,
    "place": PLACE,
    "measure": MEASURE,
    "check": CHECK,
    "segment": SEGMENT,
    "version": VERSION,
    "scheme": SCHEME,
    "baseline": BASELINE,
    "no_baseline": NO_BASELINE,
    "one_sided": ONE_SIDED,
    **review_words.GROUPS,
}
