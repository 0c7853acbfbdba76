"""`kk2 client test`: each installation is asked what it has, and the setup held against it; nothing is changed anywhere."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from pipeline.readiness import Lack, ReadinessFacts, Weight, lacks
from schemas.setup import Client, Company, Dated, Installation, Setup, SubLedger
from workers.accounting import Accounting, CannotTell, Trouble

Connect = Callable[[Installation], Accounting]
R = TypeVar("R", Installation, Company, Client, SubLedger)

_HELP = {
    "Certificate": "see that ca_file holds the authority of its certificate, and that the name is the endpoint's",
    "AccessDenied": "see username, password and client_certificate, and what Visma lets them do",
    "Http401": "see username, password and client_certificate",
    "Http403": "see username, password and client_certificate, and what Visma lets them do",
    "Unreachable": "see the endpoint's name and port, and the firewalls on the way",
    "TimedOut": "see the firewalls on the way, or give a longer operation_timeout",
}


def trial(
    setup: Setup, connect: Connect, day: date, *, company: str | None = None, client: str | None = None
) -> list[Lack]:
    """Give every finding of a setup as it is valid on a day, or first after it; only of a company or client, if given."""
    companies = [each for each in _valid(setup.companies.values(), day) if company in (None, each.code)]
    clients = _valid(setup.clients.values(), day)
    sub_ledgers = _valid(setup.sub_ledgers.values(), day)
    if client is not None:
        of_client = {each.company for each in clients if each.code == client}
        companies = [each for each in companies if each.code in of_client]
    found: list[Lack] = []
    for installation in _valid(setup.installations.values(), day):
        of_it = tuple(each for each in companies if each.installation == installation.code)
        if not of_it and (company is not None or client is not None):
            continue
        place = f"[[installation]] {installation.code}"
        try:
            facts = ReadinessFacts(
                day,
                installation,
                of_it,
                tuple(clients),
                tuple(sub_ledgers),
                connect(installation).installation(),
            )
        except (ValueError, OSError) as fault:
            act = "correct the setup or what it names"
            found.append(Lack(Weight.REFUSED, place, "endpoint", str(fault), "not asked", act))
        except CannotTell as why:
            found.append(
                Lack(Weight.UNKNOWN, place, "endpoint", "GetInstallation", str(why), "look in Visma")
            )
        except Trouble as trouble:
            act = _HELP.get(trouble.code, "see that it offers GetInstallation, or look in Visma")
            said = f"{trouble.note} ({trouble.code})"
            found.append(Lack(Weight.UNKNOWN, place, "endpoint", "GetInstallation", said, act))
        else:
            found += lacks(facts)
    return [lack for lack in found if client is None or _concerns(lack, client)]


def _concerns(lack: Lack, client: str) -> bool:
    """Whether it is about this client, or about what all clients of its company need."""
    kind, _, key = lack.place.partition(" ")
    return kind not in {"[[client]]", "[[sub_ledger]]"} or key.split("/")[1] == client


def _valid(kept: Iterable[Dated[R]], day: date) -> list[R]:
    return [dated.on_or_after(day).value for dated in kept]
