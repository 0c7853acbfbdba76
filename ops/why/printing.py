"""The answer as text, in Norwegian as on the screen; amounts in kroner."""

from ops.why.answer import InterestSum, Why
from schemas.money import in_kroner

_KINDS = {
    "principal": "hovedstol",
    "costs": "omkostninger",
    "fee": "salær/gebyr",
    "interest": "forsinkelsesrente",
    "rest": "overbetaling",
    "suspense": "uplassert",
}
_MOVES = {
    "payment": "innbetaling",
    "credit_note": "kreditnota",
    "correction": "korreksjon",
    "write_off": "avskrivning",
    "reversal": "tilbakeføring",
}
_NOT_SO = "NB: fordelingen som står, er en annen: saken er endret siden, eller gjøres opp på nytt nå"
_STATES = {
    "waiting": "venter på fordeling",
    "settled": "fordelt",
    "parked": "uplassert, venter på en person",
    "held": "holdt tilbake",
    "refused": "avvist av en person",
    "known": "bokført for hånd tidligere",
}
_VOUCHER_STATES = {
    "approved": "godkjent",
    "sending": "sendes",
    "in_doubt": "uviss",
    "refused": "avvist av Visma",
    "delivered": "levert",
    "void": "makulert",
    "by_hand": "ført for hånd",
}


def as_text(why: Why) -> str:
    """Say the whole answer, from the line in the file to Visma's number."""
    lines = [
        *_payment(why),
        *_walk(why),
        *(line for each in why.shares for line in _share(each)),
        *_splits(why),
        *_vouchers(why),
        *_notes(why),
        *_acts(why),
    ]
    return "\n".join(lines)


def _walk(why: Why) -> list[str]:
    return [
        *_moved(why),
        *_balance(why),
        *_steps(why),
        *(line for each in why.interest for line in _interest(each)),
    ]


def _share(why: Why) -> list[str]:
    assert why.share is not None, "the answer for one case of several has its share"
    return [f"Andel på sak {why.case_no}: {in_kroner(why.share)} kr", *(f"  {line}" for line in _walk(why))]


def _payment(why: Why) -> list[str]:
    payment, origin = why.payment, why.origin
    on = ", ".join(f"{each.case_no}" for each in why.shares) or why.case_no or "(ingen)"
    return [
        f"Innbetaling {payment.id}: {in_kroner(payment.amount)} kr, {_STATES.get(payment.state, payment.state)}",
        f"  fil            {origin.file_id} {origin.file_name}, linje {origin.line} (sha256 {origin.sha256[:16]}…)",
        f"  konto          {payment.account}, bokført {payment.booked_on}, rentedato {payment.interest_on}",
        f"  kontoutskrift  {payment.statement_ref or '(ingen referanse)'}",
        f"  KID            {payment.kid or '(ingen)'}",
        f"  sak            {on}: {why.found_by}",
    ]


def _moved(why: Why) -> list[str]:
    if not why.moved:
        return []
    return [
        "Visma hadde flyttet hovedstolen på saken (debet er pluss):",
        *(
            f"  {each.day} {_MOVES.get(each.kind, each.kind)} på faktura {each.invoice_no}: {in_kroner(each.amount)} kr"
            + (f", rettet fra {in_kroner(each.was)}" if each.was is not None else "")
            + f", Vismas bilag {each.voucher_no}"
            for each in why.moved
        ),
    ]


def _balance(why: Why) -> list[str]:
    if why.before is None:
        return []
    before = why.before
    lines = [f"Saken skyldte {in_kroner(before.total)} kr da innbetalingen kom ({before.day}):"]
    for claim in before.claims:
        if claim.open or claim.interest:
            what = f"{_KINDS[claim.kind]} {claim.invoice_no}".strip()
            interest = f", rente {in_kroner(claim.interest)}" if claim.interest else ""
            lines.append(f"  {what}, forfall {claim.due_on}: {in_kroner(claim.open)} kr{interest}")
    return lines


def _steps(why: Why) -> list[str]:
    lines = []
    if why.order is not None:
        words = ", ".join(_KINDS[kind] for kind in why.order.kinds)
        row = f" (oppsettrad {why.order.setup_row}, fra {why.order.valid_from}, versjon {why.order.version})"
        lines.append(
            f"Dekningsrekkefølge: {words}: {why.order.by}{row if why.order.setup_row is not None else ''}"
        )
    if why.takes_back is not None:
        lines.append(f"Tilbakeføring: speiler fordelingen av innbetaling {why.takes_back}")
    lines += [
        f"  {_KINDS[step.kind]:<18} skyldig {in_kroner(step.owed):>14}  dekket {in_kroner(step.covered):>14}"
        f"  igjen {in_kroner(step.left):>14}"
        for step in why.steps
    ]
    if why.steps:
        lines.append(f"  regel {why.rule}")
    if why.steps and not why.agrees:
        lines.append(f"  {_NOT_SO}")
    return lines


def _interest(each: InterestSum) -> list[str]:
    lines = [
        f"Forsinkelsesrente på faktura {each.invoice_no}, forfall {each.due_on} (forfallsdagen regnes ikke med):"
    ]
    lines += [
        f"  {segment.after} – {segment.to}: {in_kroner(segment.principal)} kr × {segment.days} dager × "
        f"{segment.basis_points // 100},{segment.basis_points % 100:02d} % / 365   [{segment.source}]"
        for segment in each.segments
    ]
    lines.append(
        f"  til sammen {in_kroner(each.accrued)} kr, avrundet én gang; tatt før {in_kroner(each.taken_before)}, "
        f"skyldig {in_kroner(each.owed)}, dekket nå {in_kroner(each.covered)}"
    )
    if not each.known:
        lines.append("  NB: satsen for en del av dagene er ikke kjent; nærmeste kjente sats er brukt")
    return lines


def _splits(why: Why) -> list[str]:
    if not why.splits:
        return []
    lines = ["Fordelt slik:"]
    several = len({row.case_id for row in why.splits if row.case_id is not None}) > 1
    for row in why.splits:
        what = f"{_KINDS[row.kind]} {row.invoice_no or ''}".strip()
        case = f"  sak {row.case_no}" if several and row.case_no else ""
        where = f"bilag {row.voucher_id}" if row.voucher_id is not None else "bokføringsforslaget"
        gone = "" if row.stands else "  (erstattet)"
        correction = "  (rettelse)" if row.corrects else ""
        lines.append(f"  {what:<32} {in_kroner(row.amount):>14}  {where}{case}{correction}{gone}")
    if not why.steps and not why.shares and not why.agrees:
        lines.append(f"  {_NOT_SO}")
    return lines


def _vouchers(why: Why) -> list[str]:
    lines: list[str] = []
    shown = None
    for line in why.lines:
        if line.voucher_id != shown:
            shown = line.voucher_id
            number = f", Vismas bilagsnr. {line.voucher_no}" if line.voucher_no else ""
            state = _VOUCHER_STATES.get(line.state, line.state)
            lines.append(f"Bilag {line.voucher_id}, {line.reference}: {state}{number}")
        summed = "" if line.own else "  (sum av flere innbetalinger)"
        lines.append(
            f"  {line.no:>4} {line.account:<12} {line.text:<30} {in_kroner(line.amount):>14}{summed}"
        )
    return lines


def _notes(why: Why) -> list[str]:
    if not why.notes:
        return []
    return ["Merknader:", *(f"  {each.at:%Y-%m-%d %H:%M} {each.actor}: {each.text}" for each in why.notes)]


def _acts(why: Why) -> list[str]:
    if not why.acts:
        return []
    return [
        "Hvem gjorde hva:",
        *(
            f"  {act.at:%Y-%m-%d %H:%M} {act.actor}: {act.act}, {act.subject}: {act.reason}"
            for act in why.acts
        ),
    ]
