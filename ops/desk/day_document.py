"""A day on paper, in Norwegian: for the binder, the auditor, and whoever must explain it in five years."""

from collections.abc import Sequence
from datetime import date, datetime

from fpdf import FPDF
from fpdf.enums import TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace

from ops.queries.days import Day, DayState, Number, Signature
from pipeline.reconciliation import Between
from schemas.money import in_kroner
from schemas.schedule import OSLO

_STATES = {
    DayState.AGREES: "Alt stemmer. Dagen er ikke kvittert.",
    DayState.DIFFERS: "Dagen har avvik som ikke er forklart. Den er ikke kvittert.",
    DayState.EXPLAINED: "Avvikene er forklart. Dagen er ikke kvittert.",
    DayState.UNKNOWN: "Visma har ikke svart for alle bilag. Dagen er ikke kvittert.",
    DayState.SIGNED: "Dagen er kvittert.",
    DayState.CHANGED: "Tallene er endret etter at dagen ble kvittert.",
}
_BETWEEN = {
    Between.CASES: "Bankfil mot saker",
    Between.VOUCHERS: "Saker mot bilag",
    Between.VISMA: "Bilag mot Visma",
}
_KINDS = {
    "proposal": "I bokføringsforslaget",
    "waiting": "Venter på behandling",
    "parked": "Parkert",
    "held": "Holdt tilbake",
    "refused": "Bokføres ikke, avvist av saksbehandler",
    "known": "Kjent fra før",
    "approved": "I bilag som skal sendes",
    "sending": "I bilag som sendes nå",
    "in_doubt": "I bilag som det er tvil om",
    "voucher_refused": "I bilag som Visma avviste",
    "missing": "Finnes ikke i Visma under vår referanse",
    "deleted": "Slettet i Visma",
    "altered": "Endret i Visma",
    "other_date": "Har en annen dato i Visma",
    "other_number": "Har et annet nummer i Visma",
    "double": "Finnes flere ganger i Visma",
    "untold": "Visma har ikke svart for dette siden det ble levert",
    "in_shadow": "Bokført for hånd av regnskapet i skyggedrift",
    "broken": "Fordelingen er ikke lik beløpet",
    "bank_lines": "Bilagets banklinje er ikke lik betalingene",
}
_LEDGER = {"registered": "registrert", "approved": "godkjent", "posted": "bokført", "deleted": "slettet"}
_VOUCHER = {
    "approved": "skal sendes",
    "sending": "sendes nå",
    "in_doubt": "i tvil",
    "refused": "avvist av Visma",
    "delivered": "levert",
    "by_hand": "ført for hånd",
}
_SIGNS = str.maketrans({"–": "-", "—": "-", "…": "...", "“": '"', "”": '"', "’": "'", "‘": "'", "€": "EUR"})  # fmt: skip


class _Paper(FPDF):
    """A4, with the same quiet foot on each page."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.set_margins(20, 18)
        self.set_auto_page_break(True, 20)
        self.alias_nb_pages()

    def footer(self) -> None:
        """Say whose page it is, and which of how many."""
        self.set_y(-15)
        self.set_font("helvetica", size=8)
        self.set_text_color(90)
        self.cell(0, 5, f"{self._foot}   Side {self.page_no()} av {{nb}}", align="C")


def document(day: Day) -> bytes:
    """Give the day as a PDF."""
    facts, signed = day.facts, day.signature
    paper = _Paper(_latin(f"{day.company_name} · {_on(facts.day)} · {(signed.digest if signed else day.digest)[:16]}"))  # fmt: skip
    paper.set_title(_latin(f"Avstemming {facts.company} {_on(facts.day)}"))
    paper.set_lang("nb-NO")
    paper.add_page()
    paper.set_font("helvetica", "B", 16)
    _line(paper, "Avstemming av dagen", 9)
    paper.set_font("helvetica", size=11)
    _line(paper, f"{day.company_name} (selskap {facts.company})", 6)
    _line(paper, f"Bokført i banken {_on(facts.day)}, {facts.payments} {'innbetaling' if facts.payments == 1 else 'innbetalinger'}", 6)  # fmt: skip
    paper.set_font("helvetica", "B", 11)
    _line(paper, _STATES[day.state], 8)
    _sums(paper, day)
    _differences(paper, day)
    _changes(paper, day)
    _vouchers(paper, day)
    _signatures(paper, day)
    return bytes(paper.output())


def _sums(paper: _Paper, day: Day) -> None:
    balance = day.balance
    _head(paper, "Summer")
    rows = [
        ("Bankfil", _kroner(balance.bank)),
        ("Saker, interimskonto, parkert og ventende", _kroner(balance.cases)),
        ("Bilag slik Visma har dem", _kroner(balance.visma)),
    ]
    _table(paper, ("", "Kroner"), rows, (120, 50), "LR")
    if day.facts.statements:
        _head(paper, "Samleposter på kontoutskriften")
        _table(
            paper, ("Konto og referanse", "Kroner"),
            [(name, _kroner(amount)) for name, amount in day.facts.statements], (120, 50), "LR",
        )  # fmt: skip


def _differences(paper: _Paper, day: Day) -> None:
    _head(paper, "Avvik")
    signed = day.signature
    rows: list[tuple[str, ...]] = []
    for each in day.balance.differences:
        why = signed.explained.get(each.between, "") if signed else ""
        rows.append((_BETWEEN[each.between], "", _kroner(each.amount), why))
        rows += [("", f"{_KINDS.get(row.kind, row.kind)}{_of(row.subject)}", _kroner(row.amount), row.explained) for row in each.rows]  # fmt: skip
    _table(paper, ("Mellom", "Hva", "Kroner", "Forklaring"), rows, (34, 56, 28, 52), "LLRL")


def _of(subject: str) -> str:
    """The rows that are named: vouchers and payments; a place says it by itself."""
    if not subject.startswith(("voucher ", "payment ")) and "(" not in subject:
        return ""
    words = (("vouchers", "bilag"), ("voucher", "bilag"), ("payments", "innbetalinger"), ("payment", "innbetaling"))  # fmt: skip
    for english, norwegian in words:
        subject = subject.replace(english, norwegian)
    return f": {subject}"


def _changes(paper: _Paper, day: Day) -> None:
    if not day.changes:
        return
    _head(paper, "Endret etter at dagen ble kvittert")
    _table(
        paper, ("Tall", "Kvittert", "Nå"),
        [(_number_name(c.name), _number(c.signed), _number(c.now)) for c in day.changes], (90, 40, 40), "LRR",
    )  # fmt: skip


_NUMBER_NAMES = {
    "payments": "Antall innbetalinger",
    "bank": "Bankfil",
    "cases": "Saker, interimskonto, parkert og ventende",
    "vouchers": "Bilag som skal være i Visma",
    "visma": "Bilag slik Visma har dem",
    "on cases": "Fordelt på saker",
    "on suspense": "På interimskonto",
    "parked": "Parkert",
    "waiting to be matched": "Venter på behandling",
    "held": "Holdt tilbake",
    "refused by a person": "Avvist av saksbehandler",
    "known from before": "Kjent fra før",
}
_NUMBER_WORDS = (
    ("voucher ", "Bilag "), ("statement ", "Samlepost "), (" on the bank account", " på bankkontoen"),
    (" in Visma", " i Visma"), (" number", " nummer"), (" state", " tilstand"),
)  # fmt: skip


def _number_name(name: str) -> str:
    if name in _NUMBER_NAMES:
        return _NUMBER_NAMES[name]
    for english, norwegian in _NUMBER_WORDS:
        name = name.replace(english, norwegian)
    return name


def _vouchers(paper: _Paper, day: Day) -> None:
    _head(paper, "Bilag")
    if not day.facts.vouchers:
        paper.set_font("helvetica", size=9)
        _line(paper, "Dagen har ingen bilag.", 6)
        return
    _table(
        paper,
        ("Bilag", "Referanse", "Nr. i Visma", "Tilstand", "På bankkonto", "I Visma"),
        [
            (str(v.id), v.reference, v.voucher_no, _stands(v.state.value, v.ledger_state), _kroner(v.bank), _kroner(v.in_visma))
            for v in day.facts.vouchers
        ],
        (16, 32, 26, 40, 28, 28), "LLLLRR",
    )  # fmt: skip


def _stands(state: str, ledger: str) -> str:
    return f"{_VOUCHER[state]}{f', {_LEDGER.get(ledger, ledger)}' if ledger else ''}"


def _signatures(paper: _Paper, day: Day) -> None:
    _head(paper, "Kvittering")
    paper.set_font("helvetica", size=9)
    for signature in day.history:
        _line(paper, _said(signature), 5)
    if not day.history:
        _line(paper, "Ingen har kvittert dagen.", 5)
    paper.ln(2)
    _line(paper, f"Kontrollsum for tallene på dette arket (SHA-256): {day.digest}", 5)


def _said(signature: Signature) -> str:
    did = "Kvittert" if signature.act == "signed" else "Åpnet igjen"
    at = f"{signature.at.astimezone(OSLO):%d.%m.%Y kl. %H:%M}"
    why = f". Begrunnelse: {signature.reason}" if signature.reason else ""
    digest = f". Kontrollsum {signature.digest}" if signature.digest else ""
    return f"{did} av {signature.actor} {at}{why}{digest}"


def _head(paper: _Paper, title: str) -> None:
    paper.ln(4)
    paper.set_font("helvetica", "B", 12)
    paper.set_text_color(0)
    _line(paper, title, 8)


def _line(paper: _Paper, sentence: str, height: float) -> None:
    paper.multi_cell(0, height, _latin(sentence), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(
    paper: _Paper, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: tuple[int, ...], aligned: str
) -> None:
    """Print a table; its heads come again on each page."""
    paper.set_font("helvetica", size=9)
    with paper.table(
        borders_layout="HORIZONTAL_LINES",
        cell_fill_mode=TableCellFillMode.NONE,
        col_widths=widths,
        headings_style=FontFace(emphasis="BOLD"),
        line_height=5,
        text_align=tuple({"L": "LEFT", "R": "RIGHT"}[each] for each in aligned),
        width=sum(widths),
        align="LEFT",
    ) as table:
        for cells in (heads, *rows):
            row = table.row()
            for cell in cells:
                row.cell(_latin(cell))


def _kroner(ore: int | None) -> str:
    return "ukjent" if ore is None else in_kroner(ore)


def _number(value: Number) -> str:
    return value if isinstance(value, str) else _kroner(value)


def _on(day: date | datetime) -> str:
    return f"{day:%d.%m.%Y}"


def _latin(written: str) -> str:
    """What the fonts that every reader has can show; other letters become a question mark."""
    return written.translate(_SIGNS).encode("latin-1", "replace").decode("latin-1")
