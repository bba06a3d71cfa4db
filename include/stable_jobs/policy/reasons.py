"""Every reason code, the department that owes, and the clause it comes from."""

from __future__ import annotations

from enum import Enum

NOTICE_2014 = "人社部发〔2014〕76号"
NOTICE_2019 = "人社部发〔2019〕23号"
NOTICE_2020 = "人社部明电〔2020〕2号"
NOTICE_2022 = "人社部发〔2022〕23号"


class Reason(Enum):
    """`value`: code, department (empty: nobody owes), legal reference. The sentences are in `messages`."""

    IN_SCOPE = ("in_scope", "", NOTICE_2014)
    ACTIVE = ("active", "", NOTICE_2014)
    PAID_MONTHS = ("paid_months", "", NOTICE_2014)
    NO_ARREARS = ("no_arrears", "", NOTICE_2014)
    LAYOFF_RATE = ("layoff_rate", "", NOTICE_2020)
    HEADCOUNT_HELD = ("headcount_held", "", NOTICE_2022)
    SIZE_KNOWN = ("size_known", "economy", NOTICE_2020)
    NOT_EXCLUDED = ("not_excluded", "", NOTICE_2019)
    ACCOUNT_KNOWN = ("account_known", "finance", NOTICE_2022)
    FUND_ABLE = ("fund_able", "", NOTICE_2019)
    IN_TIME = ("in_time", "", NOTICE_2019)
    APPLIED = ("applied", "", NOTICE_2019)
    IN_SCOPE_UNKNOWN = ("in_scope_unknown", "labor", NOTICE_2014)
    ACTIVE_UNKNOWN = ("active_unknown", "tax", NOTICE_2014)
    PAID_MONTHS_UNKNOWN = ("paid_months_unknown", "tax", NOTICE_2014)
    NO_ARREARS_UNKNOWN = ("no_arrears_unknown", "tax", NOTICE_2014)
    LAYOFF_RATE_UNKNOWN = ("layoff_rate_unknown", "labor", NOTICE_2020)
    HEADCOUNT_HELD_UNKNOWN = ("headcount_held_unknown", "labor", NOTICE_2022)
    SIZE_KNOWN_UNKNOWN = ("size_known_unknown", "economy", NOTICE_2020)
    NOT_EXCLUDED_UNKNOWN = ("not_excluded_unknown", "development", NOTICE_2019)
    ACCOUNT_KNOWN_UNKNOWN = ("account_known_unknown", "finance", NOTICE_2022)
    FUND_ABLE_UNKNOWN = ("fund_able_unknown", "finance", NOTICE_2019)
    IN_TIME_UNKNOWN = ("in_time_unknown", "labor", NOTICE_2019)
    APPLIED_UNKNOWN = ("applied_unknown", "labor", NOTICE_2019)
    ALREADY_PAID_UNKNOWN = ("already_paid_unknown", "finance", NOTICE_2019)
    ENTITLEMENT_UNKNOWN = ("entitlement_unknown", "labor", NOTICE_2019)

    @property
    def code(self) -> str:
        """As in the column `reasons` and in lists."""
        return self.value[0]

    @property
    def department(self) -> str:
        """The department that owes the missing data, if the extract does not say it; empty: none."""
        return self.value[1]

    @property
    def reference(self) -> str:
        """The notice the test comes from; a region's own values have references of their own."""
        return self.value[2]


BY_CODE: dict[str, Reason] = {reason.code: reason for reason in Reason}
