"""What a person in Visma would see: the voucher registration, a voucher's lines, the set-up, the faults that are on."""

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from lxml import etree

from ops.simulator import item_page
from ops.simulator.answers import Visma
from ops.simulator.contract import q
from ops.simulator.disk import LARGEST_ID
from ops.simulator.exchange import Leaving
from ops.simulator.faults import FOR_EVER, Fault, FaultPlan
from ops.simulator.ledger import Booked, NoSuchVoucherError
from ops.simulator.showing import ROWS, html, older, raw_table, table, whole
from schemas.money import from_decimal_text, in_kroner
from schemas.transfer import CompanyFacts
from schemas.voucher import LedgerState

STATES = {
    LedgerState.REGISTERED: "Registrert",
    LedgerState.APPROVED: "Godkjent",
    LedgerState.POSTED: "Bokført",
    LedgerState.DELETED: "Slettet",
}


def get(visma: Visma, plan: FaultPlan, path: str, query: Mapping[str, str]) -> Leaving | None:
    """A page, or None if there is none at `path`."""
    if path == "/":
        return html("Visma, simulert", _front(visma, plan, query))
    if path == "/voucher":
        try:
            row, body = visma.ledger.voucher(query["company"], int(query["year"]), int(query["number"]))
        except (KeyError, ValueError, NoSuchVoucherError):
            return html(
                "Ingen slike bilag", "<p>No such voucher.</p><p><a href='/'>Bilagsregistrering</a></p>", 404
            )
        return html(f"Bilag {row.number}", _voucher(row, body))
    return item_page.get(visma.collection, path, query)


def _front(visma: Visma, plan: FaultPlan, query: Mapping[str, str]) -> str:
    company = query.get("company", "")
    rows = visma.ledger.newest(company, whole(query.get("before", ""), LARGEST_ID), ROWS)
    sums = {code: (count, total) for code, count, total in visma.ledger.sums()}
    links = " ".join(
        f"<a href='/?{urlencode({'company': each.code})}'>{escape(each.name)}</a>"
        for each in visma.facts.companies
    )
    totals = [
        (each.code, each.name, str(sums.get(each.code, (0, 0))[0]), in_kroner(sums.get(each.code, (0, 0))[1]))
        for each in visma.facts.companies
    ]
    return (
        "<p class='soft'>Et oppdiktet regnskap til prøving og opplæring. A made-up ledger for trials and training.</p>"
        + _faults(plan.standing())
        + table(("Selskap", "Navn", "#Bilag", "#Debet, kr"), totals)
        + f"<h2>Bilagsregistrering <small>Voucher registration</small></h2><nav><a href='/'>Alle</a> {links}</nav>"
        + (_vouchers(rows) if rows else "<p class='soft'>Ingen bilag. No vouchers.</p>")
        + older("/", {"company": company}, [row.id for row in rows], "Eldre bilag")
        + item_page.proposals(visma.collection)
        + "<h2>Oppsett <small>Set-up</small></h2>"
        + "".join(_setup(visma, each) for each in visma.facts.companies)
        + f"<p class='soft'>Kan: {escape(', '.join(sorted(visma.facts.capabilities)))}</p>"
    )


def _faults(standing: Sequence[Fault]) -> str:
    if not standing:
        return "<p class='soft'>Ingen feil er slått på. No faults are on.</p>"
    rows = [
        (
            fault.kind.value,
            fault.operation,
            "til den slås av" if fault.times == FOR_EVER else f"{fault.times} ganger",
            f"{fault.probability:.0%}",
        )
        for fault in standing
    ]
    return "<p class='mark'>Feil er slått på. Faults are on.</p>" + table(
        ("Feil", "Kall", "Varer", "Sjanse"), rows
    )


def _vouchers(rows: Sequence[Booked]) -> str:
    head = ("Bilag", "Selskap", "Dato", "Art", "Registrert av", "Tilstand", "Referanse", "#Debet, kr", "#Linjer", "#Kall",
            "~Tekst")  # fmt: skip
    lines = []
    for row in rows:
        address = urlencode({"company": row.company, "year": row.year, "number": row.number})
        cells = (
            row.company, row.voucher_date.isoformat(), row.voucher_type,
            f"{row.registrar}{' (for hånd)' if row.by_hand else ''}", STATES[row.state], row.reference,
            in_kroner(row.total), str(row.lines), str(row.calls), row.text,
        )  # fmt: skip
        lines.append((f"<a href='/voucher?{address}'>{row.number}</a>", *(escape(cell) for cell in cells)))
    return raw_table(head, lines)


def _voucher(row: Booked, body: bytes) -> str:
    names = ("account", "text", "amount", "taxCode", "customerNo", "invoiceNo", "kid")
    lines = []
    for number, line in enumerate(etree.fromstring(body).iterfind(q("line")), start=1):
        cells = [line.findtext(q(name)) or "" for name in names]
        cells[2] = in_kroner(from_decimal_text(cells[2] or "0"))
        dimensions = [child.text or "" for child in line if str(child.tag).startswith(q("dimension"))]
        lines.append((str(number), *cells, " / ".join(dimensions)))
    return (
        "<p><a href='/'>Bilagsregistrering</a></p>"
        f"<p>Selskap {escape(row.company)}, {row.voucher_date}, art {escape(row.voucher_type)}, registrert av "
        f"{escape(row.registrar)}, {STATES[row.state]}, mottatt {row.received_at}</p>"
        f"<p>Referanse <strong>{escape(row.reference)}</strong>, {escape(row.text)}</p>"
        f"<p>Debet {in_kroner(row.total)} kr på {row.lines} linjer. Kalt {row.calls} ganger.</p>"
        + table(
            ("#Linje", "Konto", "Tekst", "#Beløp", "Mva", "Kunde", "Faktura", "KID", "Dimensjoner"), lines
        )
    )


def _setup(visma: Visma, company: CompanyFacts) -> str:
    rows = (
        ("Oppdragsgivere", sorted(company.clients)),
        ("Bilagsarter", sorted(company.voucher_types)),
        ("Registrert av", sorted(company.registrars)),
        ("Konti", sorted(company.accounts)),
        ("Reskontrotyper", sorted(company.sub_ledger_types)),
        ("Åpne perioder", _ranges(visma.open_periods(company))),
        (
            "Purrekoder",
            [f"{routine.code} ({', '.join(routine.clients)})" for routine in company.dunning_routines],
        ),
    )
    body = "".join(
        f"<tr><th>{name}</th><td class='text'>{escape(', '.join(values))}</td></tr>" for name, values in rows
    )
    return (
        f"<h3>{escape(company.code)} {escape(company.name)}</h3><div class='wide'><table>{body}</table></div>"
    )


def _ranges(periods: Sequence[tuple[int, int]]) -> list[str]:
    """Periods that follow each other as `2026-01 til 2026-12`."""
    ranges: list[list[tuple[int, int]]] = []
    for year, month in periods:
        before = (year, month - 1) if month > 1 else (year - 1, 12)
        if ranges and ranges[-1][-1] == before:
            ranges[-1].append((year, month))
        else:
            ranges.append([(year, month)])
    return [
        f"{span[0][0]}-{span[0][1]:02}" + (f" til {span[-1][0]}-{span[-1][1]:02}" if len(span) > 1 else "")
        for span in ranges
    ]
