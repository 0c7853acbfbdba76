"""The simulated Visma as another process, used over HTTP; the names are those that `ops.simulator.Simulator` has."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from schemas.money import Money, decimal_text, from_decimal_text
from schemas.transfer import TransactionKind

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A voucher in its ledger. `registrar`: who booked it there, which tells ours from those of its people."""

    reference: str
    registrar: str
    total: Money


@dataclass(frozen=True, slots=True)
class FarVisma:
    """At an address. Everything raises OSError while the process is down; `answers` says whether it is."""

    url: str

    def answers(self) -> bool:
        """Whether it is there."""
        with suppress(OSError):
            self._get("/health")
            return True
        return False

    def vouchers(self, company: str) -> list[Standing]:
        """Its own ledger."""
        rows = self._get(f"/ledger/vouchers?{urlencode({'company': company})}")
        return [Standing(row["reference"], row["registrar"], from_decimal_text(row["total"])) for row in rows]

    def numbers(self, company: str) -> dict[str, str]:
        """The case number that stands on each of its invoices."""
        rows = self._get(f"/ledger/invoices?{urlencode({'company': company})}")
        return {row["invoice_no"]: row["case_no"] for row in rows}

    def fault(self, kind: str, operation: str, **more: object) -> None:
        """Turn a fault on."""
        self.post("/faults", {"kind": kind, "operation": operation, **more})

    def heal(self) -> None:
        """Turn all faults off."""
        asked = urllib.request.Request(f"{self.url}/faults", method="DELETE")
        urllib.request.urlopen(asked, timeout=_SECONDS).close()

    def propose(
        self,
        company: str,
        dunning_code: str,
        *,
        approved: bool = True,
        invoices: Sequence[Mapping[str, object]] = (),
    ) -> None:
        """Add a proposal with these invoices."""
        said = {"company": company, "dunning_code": dunning_code, "approved": approved, "invoices": invoices}
        self.post("/proposals", said)

    def transact(
        self, company: str, kind: TransactionKind, day: date, rows: Sequence[tuple[str, Money]]
    ) -> tuple[str, ...]:
        """Its people book on invoices; gives the transactions' ids."""
        of_rows = [{"invoice_no": number, "amount": decimal_text(amount)} for number, amount in rows]
        said = {"company": company, "kind": kind.value, "day": day.isoformat(), "rows": of_rows}
        return tuple(self.post("/transactions", said)["transactions"])

    def post(self, path: str, said: object) -> Any:
        """Use a control."""
        asked = urllib.request.Request(
            f"{self.url}{path}", json.dumps(said).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:
            return json.loads(answer.read())

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=_SECONDS) as answer:
            return json.loads(answer.read())
