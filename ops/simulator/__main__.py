"""`python -m ops.simulator`: start the simulated Visma."""

import argparse
import ssl
import sys
from pathlib import Path

from ops.simulator import BadFaultError, BadMunicipalityError, Habits, Simulator, read_faults, run


def main() -> int:
    """Read the command line and serve; 2 for a wrong command line."""
    parser = argparse.ArgumentParser(
        prog="python -m ops.simulator", description="A Visma that answers WSinkasso."
    )
    parser.add_argument(
        "--port", type=int, default=0, help="0 takes a free port; the first line printed says which"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--folder", type=Path, required=True, help="where the ledger is kept")
    parser.add_argument("--municipality", type=Path, help="a TOML file like ops/simulator/municipality.toml")
    parser.add_argument(
        "--faults", default="", help="for example slow:seconds=2:times=3,busy:probability=0.1; or JSON"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the faults that have a probability")
    parser.add_argument(
        "--deduplicates", action="store_true", help="answer a known reference with its first voucher"
    )
    parser.add_argument("--no-find", action="store_true", help="an installation without FindVoucher")
    parser.add_argument("--no-list", action="store_true", help="an installation without ListVouchers")
    parser.add_argument(
        "--no-import", action="store_true", help="one without GetReadyInvoices and UpdateCaseNumbers"
    )
    parser.add_argument("--no-transactions", action="store_true", help="one without GetTransactions")
    parser.add_argument("--no-balances", action="store_true", help="one without GetBalances")
    parser.add_argument(
        "--keeps-ready", action="store_true", help="an invoice stays ready once it has its case number"
    )
    parser.add_argument("--hide-registrar", action="store_true", help="transactions without their registrar")
    parser.add_argument("--hide-reference", action="store_true", help="transactions without our reference")
    parser.add_argument(
        "--no-proposals", action="store_true", help="begin without the seeded dunning proposals"
    )
    parser.add_argument("--files", type=Path, help="a folder from which vouchers are imported too")
    parser.add_argument("--sign-in", default="", metavar="USER:PASSWORD", help="demand Basic auth")
    parser.add_argument("--certificate", type=Path, help="PEM with certificate and key: serve HTTPS")
    asked = parser.parse_args()
    try:
        simulator = Simulator(
            asked.folder, port=asked.port, host=asked.host, municipality=asked.municipality,
            faults=read_faults(asked.faults), seed=asked.seed, deduplicates=asked.deduplicates,
            finds=not asked.no_find, lists=not asked.no_list, imports=not asked.no_import,
            transacts=not asked.no_transactions, balances=not asked.no_balances, habits=_habits(asked),
            seeded=not asked.no_proposals, sign_in=asked.sign_in, tls=_tls(asked.certificate),
            files=asked.files,
        )  # fmt: skip
        run(simulator)
    except (BadFaultError, BadMunicipalityError, OSError) as wrong:
        print(f"simulator: {wrong}", file=sys.stderr)
        return 2
    return 0


def _habits(asked: argparse.Namespace) -> Habits:
    return Habits(
        consumes=not asked.keeps_ready,
        tells_registrar=not asked.hide_registrar,
        tells_reference=not asked.hide_reference,
    )


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


if __name__ == "__main__":
    raise SystemExit(main())
