"""Hold what happened against what the oracle wrote, and name each difference."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ops.demo.expected import ExpectedCase, ExpectedPayment, ExpectedVoucher
from ops.demo.finding import FoundPayment, LedgerRow, in_order
from ops.demo.standing import Part
from schemas.money import Money, in_kroner
from schemas.wording import counted


def payments(expected: Iterable[ExpectedPayment], found: Iterable[FoundPayment]) -> list[str]:
    """Each payment: there once, with its outcome, its case and its split to the øre."""
    there = {(payment.file, payment.place): payment for payment in found}
    said: list[str] = []
    for wanted in expected:
        is_there = there.pop((wanted.file, wanted.place), None)
        where = (
            f"file {wanted.file}, payment {wanted.place + 1} ({wanted.role}, {in_kroner(wanted.amount)} kr)"
        )
        if is_there is None:
            said.append(f"{where}: lost")
            continue
        pairs = (
            ("amount", in_kroner(wanted.amount), in_kroner(is_there.amount)),
            ("outcome", _outcome(wanted), _outcome(is_there)),
            ("case", wanted.case_no, is_there.case_no),
            ("split", _shown(in_order(wanted.parts)), _shown(is_there.parts)),
            ("on suspense", in_kroner(wanted.suspense), in_kroner(is_there.suspense)),
        )
        said += [f"{where}: {what}: expected {was}, found {now}" for what, was, now in pairs if was != now]
    said += [f"file {p.file}, payment {p.place + 1}: nobody sent it" for p in there.values()]
    return said


def cases(expected: Iterable[ExpectedCase], found: Iterable[ExpectedCase]) -> list[str]:
    """Each case: its state and its balance."""
    there = {case.case_no: case for case in found}
    said: list[str] = []
    for wanted in expected:
        is_there = there.get(wanted.case_no)
        if is_there is None:
            said.append(f"case {wanted.case_no}: lost")
        elif wanted != is_there:
            was, now = (f"{case.state}, {in_kroner(case.balance)} kr" for case in (wanted, is_there))
            said.append(f"case {wanted.case_no}: expected {was}, found {now}")
    return said


def vouchers(expected: Iterable[ExpectedVoucher], found: Sequence[LedgerRow]) -> list[str]:
    """Each voucher, as Visma has it: once, with its sum and number of lines."""
    said: list[str] = []
    there = Counter((row.text, row.total, row.lines) for row in found)
    for wanted in expected:
        key = (text_of(wanted), wanted.total, wanted.lines)
        if not there[key]:
            said.append(
                f"voucher {key[0]}: Visma has none of {in_kroner(key[1])} kr in {counted(key[2], 'line')}"
            )
        there[key] -= 1
    for (name, total, lines), more in there.items():
        said += [
            f"voucher {name}: Visma has one of {in_kroner(total)} kr in {counted(lines, 'line')} too many"
        ] * max(more, 0)
    return said


def booked_twice(found: Iterable[LedgerRow]) -> list[str]:
    """References of ours that Visma has more than once."""
    times = Counter(row.reference for row in found)
    return [
        f"{reference}: booked {counted(count, 'time')}" for reference, count in times.items() if count > 1
    ]


def by_outcome(found: Iterable[ExpectedPayment | FoundPayment]) -> dict[str, tuple[int, Money]]:
    """Number and øre of each outcome."""
    sums: dict[str, tuple[int, Money]] = {}
    for payment in found:
        count, amount = sums.get(_outcome(payment), (0, 0))
        sums[_outcome(payment)] = (count + 1, amount + payment.amount)
    return sums


def text_of(voucher: ExpectedVoucher) -> str:
    """What stands on the head of a voucher in Visma."""
    part = f" del {voucher.number} av {voucher.of}" if voucher.of > 1 else ""
    return f"KK2 innbetalinger {voucher.account} {voucher.booked_on:%d.%m.%Y} {voucher.statement_ref}{part}"


def _outcome(payment: ExpectedPayment | FoundPayment) -> str:
    return f"{payment.outcome}: {payment.reason}" if payment.reason else payment.outcome


def _shown(parts: tuple[Part, ...]) -> str:
    named = [
        f"{part.kind}{' ' + part.claim if part.claim else ''} {in_kroner(part.amount)}" for part in parts
    ]
    return " + ".join(named) or "nothing"
