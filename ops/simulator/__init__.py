"""A Visma that answers the WSinkasso contract over HTTP(S), with faults to choose from and a ledger on disk."""

import json
import signal
import ssl
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.simulator.answers import Visma
from ops.simulator.controls import book_by_hand
from ops.simulator.faults import BadFaultError, Fault, FaultKind, FaultPlan, from_fields, parse
from ops.simulator.ledger import Booked, Ledger
from ops.simulator.municipality import BadMunicipalityError, period, read
from ops.simulator.server import SOAP_PATH, BusyPortError, Server
from schemas.voucher import LedgerState

__all__ = [
    "BadFaultError",
    "BadMunicipalityError",
    "Booked",
    "BusyPortError",
    "Fault",
    "FaultKind",
    "Simulator",
    "read_faults",
    "run",
    "serve",
]

ALWAYS = frozenset({"RegisterVouchers", "GetInstallation"})


class Simulator:
    """A running Visma; also a context manager. `url` is the SOAP endpoint, `base` the page for people.

    It begins to listen when it is made and serves from `start` or `with` on. `port` 0 takes a free one; `sign_in` is
    `user:password` for Basic auth, "" for none; `municipality` a TOML file, None for the seeded one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        municipality: Path | None = None,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        deduplicates: bool = False,
        finds: bool = True,
        lists: bool = True,
        sign_in: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Open the ledger in `folder` and bind the port. Raises `BusyPortError`, OSError, `BadMunicipalityError`."""
        capabilities = ALWAYS | {
            name
            for name, has in (("deduplicates", deduplicates), ("FindVoucher", finds), ("ListVouchers", lists))
            if has
        }
        self._ledger = Ledger(folder)
        self._visma = Visma(read(municipality, capabilities), self._ledger)
        self._plan = FaultPlan(faults, seed)
        self._server = Server((host, port), self._visma, self._plan, sign_in, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.base = f"{'http' if tls is None else 'https'}://{host}:{self._server.server_address[1]}"
        self.url = self.base + SOAP_PATH

    def start(self) -> Self:
        """Serve, on a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and close the ledger; calls that hang are let go."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._ledger.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def vouchers(self, company: str = "") -> tuple[Booked, ...]:
        """What stands in the ledger, oldest first; all companies without `company`."""
        return tuple(self._ledger.all(company))

    def calls(self, reference: str) -> int:
        """How often RegisterVouchers named a reference, booked or not."""
        return self._ledger.calls(reference)

    def fault(self, fault: Fault) -> None:
        """Turn a fault on."""
        self._plan.add(fault)

    def faults(self) -> tuple[Fault, ...]:
        """The faults that are on."""
        return self._plan.standing()

    def clear_faults(self) -> None:
        """Turn all faults off."""
        self._plan.clear()

    def open_period(self, company: str, name: str) -> None:
        """Open a period, `2026-11`."""
        self._visma.set_period(company, period(name), is_open=True)

    def close_period(self, company: str, name: str) -> None:
        """Close a period, `2026-11`."""
        self._visma.set_period(company, period(name), is_open=False)

    def by_hand(self, voucher: Mapping[str, object]) -> Booked:
        """Register a voucher as a person in Visma does; the fields of the control `/vouchers/by-hand`."""
        return book_by_hand(self._visma, voucher)

    def set_state(self, company: str, year: int, number: int, state: LedgerState) -> None:
        """Approve, post or delete a voucher as a person in Visma does."""
        self._ledger.set_state(company, year, number, state)


def serve(
    folder: Path, *, port: int = 0, faults: Iterable[Fault] = (), seed: int = 0, deduplicates: bool = False
) -> Simulator:
    """Start a simulator with the seeded municipality and give it back running; the caller stops it."""
    return Simulator(folder, port=port, faults=faults, seed=seed, deduplicates=deduplicates).start()


def read_faults(text: str) -> tuple[Fault, ...]:
    """Faults from the command line: `slow:seconds=2:times=3,busy:probability=0.1`, or JSON. Raises `BadFaultError`."""
    if text.lstrip().startswith(("[", "{")):
        asked = json.loads(text)
        return tuple(from_fields(fields) for fields in (asked if isinstance(asked, list) else [asked]))
    return tuple(parse(each.strip()) for each in text.split(",") if each.strip())


def run(
    port: int,
    folder: Path,
    *,
    host: str = "127.0.0.1",
    municipality: Path | None = None,
    faults: Iterable[Fault] = (),
    seed: int = 0,
    deduplicates: bool = False,
    finds: bool = True,
    lists: bool = True,
    sign_in: str = "",
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; the first line on standard output says where. For the main thread of a process."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(
        folder, port=port, host=host, municipality=municipality, faults=faults, seed=seed, deduplicates=deduplicates,
        finds=finds, lists=lists, sign_in=sign_in, tls=tls,
    ) as simulator:  # fmt: skip
        print(f"Visma, simulated: SOAP at {simulator.url}, page at {simulator.base}/", flush=True)
        stop.wait()
