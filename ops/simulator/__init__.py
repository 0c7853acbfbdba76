"""A Visma that answers the WSinkasso contract over HTTP(S), with faults to choose from and a ledger on disk."""

import json
import signal
import ssl
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.simulator import people
from ops.simulator.acting import Acting
from ops.simulator.answers import Visma
from ops.simulator.collection import Habits
from ops.simulator.faults import BadFaultError, Fault, FaultKind, FaultPlan, from_fields, parse
from ops.simulator.file_import import FileImport
from ops.simulator.ledger import Booked, Ledger
from ops.simulator.municipality import BadMunicipalityError, proposals, read
from ops.simulator.server import SOAP_PATH, BusyPortError, Server
from ops.simulator.sub_ledger import Item, Proposal

__all__ = [
    "BadFaultError",
    "BadMunicipalityError",
    "Booked",
    "BusyPortError",
    "Fault",
    "FaultKind",
    "Habits",
    "Item",
    "Proposal",
    "Simulator",
    "read_faults",
    "run",
    "serve",
]

ALWAYS = frozenset({"RegisterVouchers", "GetInstallation"})
READ_EVERY = 1.0  # seconds


class Simulator(Acting):
    """A running Visma; also a context manager. `url` is the SOAP endpoint, `base` the page for people.

    It begins to listen when it is made and serves from `start` or `with` on. `port` 0 takes a free one; `sign_in` is
    `user:password` for Basic auth, "" for none; `municipality` a TOML file, None for the seeded one; `seeded`: whether
    its dunning proposals stand in a new ledger; `files` a folder from which vouchers are imported too.
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
        imports: bool = True,
        transacts: bool = True,
        balances: bool = True,
        habits: Habits | None = None,
        seeded: bool = False,
        sign_in: str = "",
        tls: ssl.SSLContext | None = None,
        files: Path | None = None,
    ) -> None:
        """Open the ledger in `folder` and bind the port. Raises `BusyPortError`, OSError, `BadMunicipalityError`."""
        offered = {
            "deduplicates": deduplicates, "FindVoucher": finds, "ListVouchers": lists, "GetReadyInvoices": imports,
            "UpdateCaseNumbers": imports, "GetTransactions": transacts, "GetBalances": balances,
        }  # fmt: skip
        capabilities = ALWAYS | {name for name, has in offered.items() if has}
        visma = Visma(read(municipality, capabilities), Ledger(folder), habits or Habits())
        super().__init__(visma, FaultPlan(faults, seed))
        try:
            if seeded:
                people.begin(visma, proposals(municipality))
            self._files = FileImport(visma, files) if files else None
            self._server = Server((host, port), self._visma, self._plan, sign_in, tls)
        except BaseException:
            self._ledger.close()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.base = f"{'http' if tls is None else 'https'}://{host}:{self._server.server_address[1]}"
        self.url = self.base + SOAP_PATH

    def start(self) -> Self:
        """Serve, on a thread of its own."""
        self._thread.start()
        return self

    def read_files(self) -> int:
        """Import what lies in the folder of files, as a person in Visma does; how many became vouchers."""
        return self._files.read() if self._files else 0

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


def run(simulator: Simulator) -> None:
    """Serve until SIGTERM or SIGINT; the first line on standard output says where. For the main thread of a process."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with simulator:
        print(f"Visma, simulated: SOAP at {simulator.url}, page at {simulator.base}/", flush=True)
        while not stop.wait(READ_EVERY):
            simulator.read_files()
