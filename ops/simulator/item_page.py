"""What a person in Visma would see of customers: dunning proposals, invoices with mark and case number, transactions."""

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from ops.simulator.collection import Collection
from ops.simulator.disk import LARGEST_ID
from ops.simulator.exchange import Leaving
from ops.simulator.showing import ROWS, html, older, raw_table, whole
from ops.simulator.sub_ledger import MARK, Item
from schemas.money import in_kroner
from schemas.transfer import LedgerTransaction, TransactionKind

KINDS = {
    TransactionKind.PAYMENT: "Innbetaling",
    TransactionKind.CREDIT_NOTE: "Kreditnota",
    TransactionKind.CORRECTION: "Korreksjon",
    TransactionKind.WRITE_OFF: "Avskriving",
    TransactionKind.REVERSAL: "Tilbakeføring",
}
HOME = "<p><a href='/'>Bilagsregistrering</a></p>"
NOTHING = "<p class='soft'>Ingen. None.</p>"


def get(collection: Collection, path: str, query: Mapping[str, str]) -> Leaving | None:
    """A page, or None if there is none at `path`."""
    company, before = query.get("company", ""), whole(query.get("before", ""), LARGEST_ID)
    if path == "/invoices":
        proposal = query.get("proposal", "")
        rows = collection.items.newest(company, proposal, before, ROWS)
        where = {"company": company, "proposal": proposal}
        return html(
            "Reskontro",
            HOME + _invoices(rows) + older("/invoices", where, [row.place for row in rows], "Eldre"),
        )
    if path == "/transactions":
        told = collection.transactions.newest(company, "", before, ROWS)
        where = {"company": company}
        places = [place for place, _ in told]
        shown = _transactions([each for _, each in told])
        return html("Bevegelser", HOME + shown + older("/transactions", where, places, "Eldre"))
    if path == "/invoice":
        number = query.get("invoice_no", "")
        found = collection.items.of(company, [number])
        if number not in found:
            return html("Ingen slik faktura", f"<p>No such invoice.</p>{HOME}", 404)
        told = collection.transactions.newest(company, number, size=ROWS)
        return html(
            f"Faktura {number}", HOME + _invoice(found[number]) + _transactions([each for _, each in told])
        )
    return None


def proposals(collection: Collection) -> str:
    """The dunning proposals, for the front page."""
    rows = []
    for each in collection.items.proposals(""):
        address = urlencode({"company": each.company, "proposal": each.number})
        rows.append(
            (
                escape(each.company),
                f"<a href='/invoices?{address}'>{escape(each.number)}</a>",
                escape(each.dunning_code),
                "Godkjent" if each.approved else "<span class='mark'>Ikke godkjent</span>",
                str(each.invoices),
                str(each.marked),
            )
        )
    head = ("Selskap", "Forslag", "Purrekode", "Tilstand", "#Fakturaer", f"#{MARK}")
    return (
        "<h2>Purreforslag <small>Dunning proposals</small></h2>"
        "<nav><a href='/invoices'>Reskontro</a><a href='/transactions'>Bevegelser</a></nav>"
        + (raw_table(head, rows) if rows else NOTHING)
    )


def _invoices(rows: Sequence[Item]) -> str:
    head = ("Selskap", "Faktura", "Forslag", "Kunde", "Navn", "Oppdragsgiver", "Forfall", "#Beløp, kr", "#Rest, kr",
            "#Purringer", "Merke", "Saksnr")  # fmt: skip
    lines = []
    for row in rows:
        invoice = row.invoice
        address = urlencode({"company": row.company, "invoice_no": invoice.invoice_no})
        cells = (
            invoice.proposal_no, invoice.customer_no, invoice.name, invoice.client, invoice.due_on.isoformat(),
            in_kroner(invoice.original), in_kroner(invoice.open_amount), str(invoice.reminders),
            MARK if row.case_no else "", row.case_no,
        )  # fmt: skip
        link = f"<a href='/invoice?{address}'>{escape(invoice.invoice_no)}</a>"
        lines.append((escape(row.company), link, *(escape(cell) for cell in cells)))
    return raw_table(head, lines) if lines else NOTHING


def _invoice(item: Item) -> str:
    row = item.invoice
    marked = (
        f"<p class='mark'>{MARK}, sak {escape(item.case_no)}</p>" if item.case_no else "<p>Ikke merket</p>"
    )
    return (
        f"<p>Kunde {escape(row.customer_no)} {escape(row.name)}, {escape(', '.join(row.address))}</p>"
        f"<p>Forslag {escape(row.proposal_no)}, oppdragsgiver {escape(row.client)}, reskontrotype"
        f" {escape(row.sub_ledger_type)}, KID {escape(row.kid or 'ingen')}</p>"
        f"<p>Fakturert {row.invoiced_on}, forfall {row.due_on}, {row.reminders} purringer, gebyr {in_kroner(row.fees)}</p>"
        f"<p>Beløp {in_kroner(row.original)} kr, rest <strong>{in_kroner(row.open_amount)} kr</strong></p>{marked}"
        "<h2>Bevegelser <small>Transactions</small></h2>"
    )


def _transactions(rows: Sequence[LedgerTransaction]) -> str:
    head = (
        "Id",
        "Dato",
        "Slag",
        "#Beløp, kr",
        "Faktura",
        "Bilag",
        "#Linje",
        "Art",
        "Registrert av",
        "Referanse",
        "~Tekst",
    )
    lines = [
        tuple(
            escape(cell)
            for cell in (
                row.transaction_id, row.day.isoformat(), KINDS[row.kind], in_kroner(row.amount), row.invoice_no,
                row.voucher_no, str(row.line), row.voucher_type, row.registrar, row.reference, row.text,
            )
        )
        for row in rows
    ]  # fmt: skip
    return raw_table(head, lines) if lines else NOTHING
