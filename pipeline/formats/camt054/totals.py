"""The sums of a notification's entries, and how what the bank says of them is compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.money import Money, decimal_text


@dataclass(slots=True)
class Tally:
    """Entries counted: those that come in and those that go out, each with its sum, both without sign."""

    credits: int = 0
    credited: Money = 0
    debits: int = 0
    debited: Money = 0

    def add(self, amount: Money, way: int) -> None:
        """Count an entry; `way` is 1 for money that comes in and -1 for money that goes out."""
        if way > 0:
            self.credits += 1
            self.credited += amount
        else:
            self.debits += 1
            self.debited += amount

    @property
    def net(self) -> Money:
        """What comes in less what goes out."""
        return self.credited - self.debited


def differences(stated: Mapping[str, Any], tallies: tuple[Tally, ...]) -> list[tuple[str, str, str]]:
    """What the summary (TxsSummry) says otherwise than all tallies: key, what was counted, what is stated.

    The tallies are of all entries and of the booked ones: the standard does not say which of them are summed.
    """
    found = []
    for key, counts in (
        ("TxsSummry/TtlNtries/NbOfNtries", [t.credits + t.debits for t in tallies]),
        ("TxsSummry/TtlCdtNtries/NbOfNtries", [t.credits for t in tallies]),
        ("TxsSummry/TtlDbtNtries/NbOfNtries", [t.debits for t in tallies]),
    ):
        if stated.get(key) is not None and stated[key] not in counts:
            found.append((key, str(counts[0]), str(stated[key])))
    nets = [abs(t.net) for t in tallies]
    for key, totals in (
        ("TxsSummry/TtlNtries/Sum", [t.credited + t.debited for t in tallies] + nets),
        ("TxsSummry/TtlCdtNtries/Sum", [t.credited for t in tallies]),
        ("TxsSummry/TtlDbtNtries/Sum", [t.debited for t in tallies]),
        ("TtlNetNtry", nets),
    ):
        if stated.get(key) is not None and stated[key] not in totals:
            found.append((key, decimal_text(totals[0]), decimal_text(stated[key])))
    return found + _wrong_way(stated, tallies)


def _wrong_way(stated: Mapping[str, Any], tallies: tuple[Tally, ...]) -> list[tuple[str, str, str]]:
    """The sign of the net, where it is stated and the net is not 0."""
    way, net = stated.get("TtlNetNtry/CdtDbtInd"), stated.get("TtlNetNtry")
    if way is None or not net or way * net in {tally.net for tally in tallies}:
        return []
    if net not in {abs(tally.net) for tally in tallies}:
        return []  # the amount is wrong, and that is said
    said = {1: "CRDT", -1: "DBIT"}
    return [("TtlNetNtry/CdtDbtInd", said[-way], said[way])]
