"""Whether a Visma answers, and knows the codes that vouchers to it will hold."""

from collections.abc import Callable, Iterator

from ops.health.pulse import Sign, State
from schemas.setup import Company, Installation, Setup
from schemas.transfer import InstallationFacts
from workers.accounting import Accounting, CannotTell, Trouble
from workers.secrets import resolve


def visma(
    installation: Installation,
    setup: Setup,
    connect: Callable[[Installation, Callable[[str], str]], Accounting],
) -> Iterator[Sign]:
    """Ask one installation what it is, and look for each of its companies there."""
    name = f"Visma {installation.code}"
    try:
        facts = connect(installation, resolve).installation()
    except CannotTell as why:
        yield Sign(name, State.UNKNOWN, f"this Visma can't say what it is: {why}")
        return
    except Trouble as trouble:
        yield Sign(name, State.BAD, f"{trouble.note} ({trouble.code})")
        return
    except (OSError, ValueError) as fault:
        yield Sign(name, State.BAD, str(fault))
        return
    yield Sign(name, State.WELL, f"answers, version {facts.version}")
    for dated in setup.companies.values():
        company = dated.latest().value
        if company.installation == installation.code:
            yield from _company(company, facts)


def _company(company: Company, facts: InstallationFacts) -> Iterator[Sign]:
    """Whether Visma knows the codes that the company's vouchers will hold."""
    name = f"company {company.code}"
    known = next((found for found in facts.companies if found.code == company.code), None)
    if known is None:
        yield Sign(name, State.BAD, "Visma has no such company")
        return
    accounts = company.accounts
    wanted = {
        accounts.bank,
        accounts.interest,
        accounts.costs,
        accounts.fee,
        accounts.suspense,
        accounts.overpayment,
    }
    missing = [f"account {number}" for number in sorted(wanted - known.accounts)]
    missing += (
        [f"voucher type {company.voucher_type}"] if company.voucher_type not in known.voucher_types else []
    )
    missing += [f"registrar {company.registrar}"] if company.registrar not in known.registrars else []
    if missing:
        yield Sign(name, State.BAD, f"Visma does not know {', '.join(missing)}")
    else:
        yield Sign(name, State.WELL, "Visma knows its accounts, voucher type and registrar")
