"""Commands by which people rule on one unit: objections, doubts, refunds, recoveries, codes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from stable_jobs.cli.people import (
    BelowOption,
    ByOption,
    ReasonOption,
    RegionOption,
    UnitOption,
    act,
    read_reason,
    read_unit,
    reading,
)
from stable_jobs.errors import UsageError

# --- objection ---
# `stable-jobs objection …`: an objection stops one unit that is on notice until a person decides it.

objection_app = typer.Typer(help="Objections against units on notice (公示异议).", no_args_is_help=True)

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The objection's id, from `objection list`.")]


@objection_app.command("add")
def add_objection(region: RegionOption, uscc: UnitOption, reason: ReasonOption, by: ByOption) -> None:
    """Stop a unit that is on notice; the others of its notice go on.

    Refused (exit 1) where the unit is not on notice.
    """
    number = act("add-objection", by, region_code=region, uscc=uscc, reason=reason)
    typer.echo(f"Objection {number}: {uscc} in region {region} waits until somebody upholds or dismisses it.")


@objection_app.command("list")
def list_objections(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Decided objections too.")] = False,
) -> None:
    """List the objections that wait for a decision."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, objections

    with reading() as connection:
        print_listing(
            objections(connection, Which(region, is_all=is_all)), "No objection waits for a decision."
        )


@objection_app.command("uphold")
def uphold(objection_id: IdArgument, reason: ReasonOption, by: ByOption) -> None:
    """The objection is right: the payment is withdrawn, and this amount is not announced again."""
    _decide(objection_id, "upheld", reason, by)


@objection_app.command("dismiss")
def dismiss(objection_id: IdArgument, reason: ReasonOption, by: ByOption) -> None:
    """The objection is wrong: the payment goes on, once no other objection against it is open."""
    _decide(objection_id, "dismissed", reason, by)


def _decide(objection_id: int, outcome: str, reason: str, by: str) -> None:
    act("decide-objection", by, objection_id=objection_id, outcome=outcome, reason=reason)
    typer.echo(f"Objection {objection_id} is {outcome} by {by}.")


# --- doubt ---
# `stable-jobs doubt …`: a person rules on units or accounts that may be one.

doubt_app = typer.Typer(help="Doubts about units and accounts (单位与账户疑点).", no_args_is_help=True)


@doubt_app.command("list")
def list_doubts(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Ended doubts too.")] = False,
) -> None:
    """List the doubts that wait for a ruling, then the units of which decision and ledger disagree."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, disagreements, doubts

    which = Which(region, is_all=is_all)
    with reading() as connection:
        print_listing(doubts(connection, which), "No doubt waits for a ruling.")
        print_listing(disagreements(connection, which), "Decision and ledger agree on every unit.")


@doubt_app.command("rule")
def rule_on_doubt(
    doubt_ids: Annotated[
        list[int],
        typer.Argument(metavar="ID...", help="The numbers of one or more doubts, from `doubt list`."),
    ],
    reason: ReasonOption,
    by: ByOption,
    is_cleared: Annotated[
        bool, typer.Option("--cleared", help="The units are different: payments go on.")
    ] = False,
    is_same: Annotated[
        bool, typer.Option("--same", help="The units are one: the later entitlement gets nothing more.")
    ] = False,
) -> None:
    """Say whether units that look alike are different or one; once, and for all the given doubts or none.

    The person who rules may not approve a batch that pays one of the units.
    """
    if is_cleared == is_same:
        raise UsageError("a doubt is either --cleared or --same: give one of them")
    outcome = "cleared" if is_cleared else "same"
    numbers = sorted(set(doubt_ids))
    named = ", ".join(map(str, numbers))
    act("rule-on-doubts", by, doubt_ids=numbers, outcome=outcome, reason=reason)
    typer.echo(f"Doubt {named}: {outcome}, ruled by {by}. The next night and disbursement go by it.")


# --- refund ---
# `stable-jobs refund …`: a person rules on a refund that finance reports and that may be ours.

refund_app = typer.Typer(
    help="Refunds reported by finance that may be ours (存疑拨付).", no_args_is_help=True
)


@refund_app.command("list")
def list_refunds(
    region: BelowOption = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="Refunds that were ruled on, and those with our reference, too.")
    ] = False,
) -> None:
    """List the refunds in doubt: nothing more is paid to their units until a person has ruled."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, refunds

    with reading() as connection:
        print_listing(refunds(connection, Which(region, is_all=is_all)), "No refund is in doubt.")


@refund_app.command("rule")
def rule_on_refund(
    refund_id: Annotated[int, typer.Argument(metavar="ID", help="The refund's id, from `refund list`.")],
    reason: ReasonOption,
    by: ByOption,
    is_same: Annotated[bool, typer.Option("--same", help="The refund is our own payment.")] = False,
    is_outside: Annotated[
        bool, typer.Option("--outside", help="The refund was paid beside ours, and counts as paid.")
    ] = False,
) -> None:
    """Rule once whether a refund in doubt is our own payment or was paid outside."""
    if is_same == is_outside:
        raise UsageError("a refund is either --same or --outside: give one of them")
    ruling = "same" if is_same else "outside"
    act("rule-on-refund", by, refund_id=refund_id, ruling=ruling, reason=reason)
    typer.echo(f"Refund {refund_id}: {ruling}, ruled by {by}. It counts from the next night on.")


# --- recovery ---
# `stable-jobs recovery …`: cases of money paid and no longer due (追回), closed by two people.

recovery_app = typer.Typer(help="Recovery of what was paid too much (追回).", no_args_is_help=True)


class Outcome(StrEnum):
    """How a person ends a case."""

    RECOVERED = "recovered"
    DROPPED = "dropped"


@recovery_app.command("list")
def list_recoveries(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Closed cases too.")] = False,
) -> None:
    """List the cases that nobody has closed."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, recoveries

    with reading() as connection:
        print_listing(recoveries(connection, Which(region, is_all=is_all)), "No recovery case is open.")


@recovery_app.command("close")
def close_recovery(
    case_id: Annotated[int, typer.Argument(metavar="ID", help="The case's id, from `recovery list`.")],
    outcome: Annotated[
        Outcome, typer.Option(help="recovered: the money is back; dropped: it is left with the unit.")
    ],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Propose that a recovery case end; another person confirms it with `proposal confirm`.

    `recovered` is confirmed only once finance's prior_refunds show the money: its row with our payment
    reference gives the amount left of the payment. Both people are preparers of the unit's later payments.
    """
    number = act("propose-recovery-closing", by, case_id=case_id, outcome=outcome.value, reason=reason)
    typer.echo(
        f"Recovery case {case_id} is to end as {outcome.value}: proposal {number} waits for another person:"
        f" stable-jobs proposal confirm {number} --by NAME"
    )


# --- code ---
# `stable-jobs code …`: codes that stand on a licence though their check character is wrong.

code_app = typer.Typer(
    help="Licences' codes with a wrong check character: register, look (登记代码).", no_args_is_help=True
)


def read_evidence(text: str) -> str:
    """The licence that was seen, under the same rules as a reason."""
    try:
        return str(read_reason(text))
    except UsageError as error:
        raise UsageError(str(error).replace("--reason", "--evidence")) from None


@code_app.command("register")
def register_code(
    code: Annotated[
        str, typer.Argument(metavar="CODE", callback=read_unit, help="The code as the licence shows it.")
    ],
    region: RegionOption,
    evidence: Annotated[
        str, typer.Option(callback=read_evidence, help="The licence that was seen, and where a copy is kept.")
    ],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Propose to accept a code of 18 characters whose check character is wrong, because the licence has it.

    It counts for units of the region and those below it, from the next night after another person has
    confirmed it (`stable-jobs proposal confirm`).
    """
    number = act("propose-code", by, code=code, region=region, evidence=evidence, reason=reason)
    typer.echo(f"Proposal {number} waits for another person: stable-jobs proposal confirm {number} --by NAME")


@code_app.command("list")
def list_codes(region: BelowOption = None) -> None:
    """List the codes that were registered, with the licence and both people."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, registered_codes

    with reading() as connection:
        print_listing(registered_codes(connection, Which(region)), "No code is registered.")
