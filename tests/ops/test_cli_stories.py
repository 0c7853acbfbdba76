"""A clerk and an administrator at the command line, on a whole site: what they see, what they do, what Visma then has."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.simulator import read_faults
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.site import DAY, Site, kid_of, paid, site

Kk2 = Callable[..., tuple[int, str, str]]
DUE = date(2026, 3, 16)  # the day of the payments: nothing bears interest yet


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site that approves by itself."""
    with site(engine, tmp_path) as made:
        yield made


@pytest.fixture
def careful(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site where a person approves."""
    with site(engine, tmp_path, auto_approve=False) as made:
        yield made


def rows(printed: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_a_closed_period_is_opened_and_the_retry_books_once(town: Site, kk2: Kk2) -> None:
    town.case(1, kr(100), DUE)
    town.simulator.close_period("100", "2026-03")
    town.come(paid(kid_of(1), kr(100)))

    refused = rows(kk2("voucher", "list", "--state", "refused", "--json")[1])
    assert [(v["id"], v["total"]) for v in refused] == [(1, 10_000)]
    waiting = rows(kk2("work", "list", "--state", "parked", "--json")[1])
    assert "kk2 voucher retry" in str(waiting[0]["repair"])
    assert kk2("voucher", "failed")[1].count("\n") == 2
    town.simulator.open_period("100", "2026-03")
    assert kk2("voucher", "retry", "1", "--dry-run")[0] == 0
    town.drain()
    assert len(town.simulator.vouchers()) == 0

    status, said, _ = kk2(
        "voucher", "retry", "--all", "--company", "100", "--yes", "--reason", "March is open"
    )
    town.drain()

    assert (status, said.splitlines()) == (
        0,
        ["1 failed voucher found, 100,00 kr", "job 1 sends 1 voucher, 100,00 kr, again: kk2 job show 1"],
    )
    booked = town.simulator.vouchers()
    assert len(booked) == 1
    shown = rows(kk2("voucher", "show", "1", "--json")[1])[0]
    assert shown["voucher"]["state"] == "delivered"  # type: ignore[index]
    assert kk2("voucher", "show", "1")[0] == 0
    assert kk2("voucher", "retry", "1")[0] == 1
    assert kk2("balance")[0] == 0


def test_a_corrected_case_shows_in_the_proposal_and_the_old_one_is_not_approved(
    careful: Site, kk2: Kk2, tmp_path: Path
) -> None:
    careful.case(1, kr(100), DUE)
    careful.come(paid(kid_of(1), kr(138)))
    before = rows(kk2("proposal", "show", "100", "--json")[1])[0]
    assert parts(kk2, 1) == {"principal": 10_000, "rest": 3_800}
    assert "kk2 proposal approve" in kk2("work", "sums")[1]

    fee = {"record": "item", "company": "100", "client": "KOM", "case_no": "0221-00000001", "id": "G1", "kind": "fee",
           "amount": "38.00", "due_on": "2026-03-16"}  # fmt: skip
    (tmp_path / "fee.json").write_text(json.dumps(fee), "utf-8")
    assert kk2("case", "apply", str(tmp_path / "fee.json"))[0] == 0
    careful.drain()

    assert parts(kk2, 1) == {"principal": 10_000, "fee": 3_800}
    status, _, said = kk2("proposal", "approve", "100", "--digest", str(before["digest"]))
    assert (status, said.startswith("kk2: the proposal has changed")) == (1, True)
    assert kk2("proposal", "show", "100")[1].splitlines()[-1].startswith("digest ")
    assert kk2("proposal", "list")[0] == 0
    status, out, _ = kk2("proposal", "approve", "100", "--yes")
    assert (status, out.splitlines()[0]) == (0, "company 100: 1 payment, 138,00 kr, 0 parked")
    careful.drain()
    assert len(careful.simulator.vouchers()) == 1
    assert kk2("balance")[0] == 0


def test_a_clerk_looks_at_a_proposal_before_and_after_it_is_posted(careful: Site, kk2: Kk2) -> None:
    careful.case(1, kr(1000), DUE)
    careful.come(paid(kid_of(77), kr(60)), paid(kid_of(1), kr(100)))
    assert kk2("proposal", "corrected", "100") == (
        0,
        "payment  kroner  the machine  now  last by\n(none)\n",
        "",
    )
    assert kk2("proposal", "seen", "100")[:2] == (0, "you have not looked before\n")

    stray = careful.one("SELECT id FROM payment WHERE state = 'parked'")[0]
    assert kk2("payment", "assign", str(stray), "--case", "0221-00000001")[0] == 0
    careful.drain()
    (both,) = rows(kk2("proposal", "corrected", "100", "--json")[1])
    assert (both["payment_id"], both["parked_for"], both["machine"]) == (stray, "unknown_kid", [])
    assert [part["case_no"] for part in both["person"]] == ["0221-00000001"] * len(both["person"])  # type: ignore[attr-defined, arg-type]
    assert "parked: unknown_kid" in kk2("proposal", "corrected", "100")[1]

    careful.come(paid(kid_of(77), kr(40), ref="0106100003"))
    assert kk2("proposal", "seen", "100")[1].splitlines()[0] == "since then: +1 in number, 40,00 kr"
    assert kk2("proposal", "seen", "100")[1] == "since then: +0 in number, 0,00 kr\n"

    assert kk2("proposal", "list", "--client", "KOM")[1].splitlines()[-1].split()[:4] == [
        "100",
        "2",
        "160,00",
        "0",
    ]
    assert (
        kk2("proposal", "show", "100", "--client", "KOM")[1]
        .splitlines()[-1]
        .startswith("last corrected by kari")
    )
    assert kk2("proposal", "show", "100", "--client", "VAN")[0] == 1
    assert kk2("proposal", "booked")[1].endswith("(none)\n")
    assert kk2("proposal", "approve", "100", "--yes")[0] == 0
    careful.drain()
    months = rows(kk2("proposal", "booked", "--json")[1])
    assert [(m["company"], m["day"], m["kind"], m["amount"]) for m in months] == [
        ("100", DAY.replace(day=1).isoformat(), "from_bank", 20_000)
    ]
    days = rows(kk2("proposal", "booked", "--month", f"{DAY:%Y-%m}", "--company", "100", "--json")[1])
    assert [(d["day"], d["number"]) for d in days] == [(DAY.isoformat(), 3)]
    paid_ = rows(kk2("proposal", "booked", "--payments", "--month", f"{DAY:%Y-%m}", "--json")[1])
    assert [(p["payment_id"], p["amount"], p["back"]) for p in paid_][1:] == [
        (2, 10_000, "back to the proposal"), (1, 6_000, "back to the proposal"),
    ]  # fmt: skip
    assert "kk2 payment undo 2" in kk2("proposal", "booked", "--payments")[1]
    assert kk2("proposal", "booked", "--month", "2026-02")[1].endswith("(none)\n")
    assert kk2("proposal", "booked", "--month", "2026-13")[0] == 2


def parts(kk2: Kk2, payment: int) -> dict[str, int]:
    shown = json.loads(kk2("payment", "show", str(payment), "--json")[1])
    return {split["kind"]: split["amount"] for split in shown["splits"] if split["stands"]}


def test_a_payment_with_an_unknown_kid_is_seen_with_its_repair_and_assigned(town: Site, kk2: Kk2) -> None:
    town.case(1, kr(100), DUE)
    town.come(paid(kid_of(77), kr(100)))

    status, listed, _ = kk2("payment", "list", "--state", "parked", "--json")
    assert (status, rows(listed)[0]["repair"]) == (0, "kk2 payment assign ID --case CASE")
    status, parked, _ = kk2("payment", "parked")
    assert "perhaps 0221-00000001" in parked
    assert kk2("payment", "list", "--amount", "100,00")[1].count("\n") == 2
    assert kk2("payment", "list", "--amount", "a hundred")[0] == 2

    status, said, _ = kk2(
        "payment", "assign", "1", "--case", "0221-00000001", "--reason", "the debtor called"
    )
    town.drain()

    assert (status, said) == (0, "payment 1, 100,00 kr, goes to case 0221-00000001\n")
    assert rows(kk2("payment", "list", "--json")[1])[0]["state"] == "settled"
    status, shown, _ = kk2("payment", "show", "1")
    assert (status, "assign by kari: the debtor called" in shown) == (0, True)
    status, why, _ = kk2("payment", "why", "1")
    assert (status, "hovedstol" in why) == (0, True)
    assert json.loads(kk2("payment", "why", "1", "--json")[1])["agrees"] is True
    assert kk2("payment", "why", "99")[0] == 1
    status, shown, _ = kk2("case", "show", "0221-00000001", "--on", "2026-03-16")
    assert (status, "paid" in shown) == (0, True)
    assert kk2("case", "list", "--state", "paid", "--json")[1].count("\n") == 1
    assert kk2("case", "show", "id:99")[0] == 1
    assert kk2("payment", "show", "99")[::2] == (1, "kk2: there is no payment 99\n")


def test_a_dry_run_foretells_a_file_and_keeps_nothing(town: Site, kk2: Kk2, tmp_path: Path) -> None:
    town.case(1, kr(100), DUE)
    content = town.file(paid(kid_of(1), kr(150)), paid(kid_of(77), kr(5)))
    file = tmp_path / "tomorrow.ocr"
    file.write_bytes(content)

    status, said, _ = kk2("file", "dry-run", str(file), "--json")

    trial = json.loads(said)
    assert (status, trial["payments"], trial["total"]) == (0, 2, 15_500)
    assert [(o["state"], o["reason"], o["amount"]) for o in trial["outcomes"]] == [
        ("parked", "unknown_kid", 500),
        ("settled", None, 15_000),
    ]
    assert trial["parts"] == [{"kind": "principal", "amount": 10_000}, {"kind": "rest", "amount": 5_000}]
    assert kk2("file", "dry-run", str(file))[1].startswith("2 payments, 155,00 kr, would end so:")
    for table in ("payment", "bank_file", "split", "work", "journal"):
        assert town.one(f"SELECT count(*) FROM {table}") == (0,)

    town.drop(content)
    town.drain()
    assert town.all("SELECT state, amount FROM payment ORDER BY amount") == [
        ("parked", 500),
        ("settled", 15_000),
    ]
    status, _, said = kk2("file", "dry-run", str(file))
    assert (status, "came before as file" in said) == (1, True)
    status, listed, _ = kk2("file", "list", "--json")
    file_id = str(rows(listed)[0]["id"])
    assert kk2("file", "show", file_id)[0] == 0
    assert json.loads(kk2("file", "show", file_id, "--json")[1])["vouchers"] == [1]


def test_a_dry_run_of_a_faulty_file_says_where(town: Site, kk2: Kk2, tmp_path: Path) -> None:
    file = tmp_path / "bad.ocr"
    file.write_bytes(b"NY000010" + b"0" * 71 + b"\n")

    status, out, said = kk2("file", "dry-run", str(file))

    assert (status, out) == (1, "")
    assert said.startswith(f"{file}:1:")


def test_a_voucher_in_doubt_is_asked_for_and_not_sent_again(town: Site, kk2: Kk2) -> None:

    town.case(1, kr(100), DUE)
    for fault in read_faults("lose_answer_after_booking:operation=RegisterVouchers:times=1"):
        town.simulator.fault(fault)
    town.come(paid(kid_of(1), kr(100)), but=("inquire",))
    assert rows(kk2("voucher", "list", "--json")[1])[0]["state"] == "in_doubt"

    status, said, _ = kk2("voucher", "retry", "1")
    town.drain()

    assert (status, "may be booked: Visma is asked for it first" in said) == (0, True)
    assert len(town.simulator.vouchers()) == 1
    assert town.simulator.calls(str(town.one("SELECT reference FROM voucher")[0])) == 1
    assert rows(kk2("voucher", "list", "--json")[1])[0]["state"] == "delivered"


def test_a_voucher_is_taken_back_restored_and_posted_by_hand(town: Site, kk2: Kk2) -> None:
    town.case(1, kr(100), DUE)
    town.simulator.close_period("100", "2026-03")
    town.come(paid(kid_of(1), kr(100)))

    assert kk2("voucher", "correct", "1")[0] == 1  # without a reason
    assert kk2("voucher", "correct", "1", "--reason", "wrong account")[0] == 0
    assert kk2("voucher", "restore", "1")[0] == 0
    status, said, _ = kk2("voucher", "discard", "1", "--posted-by-hand", "4711", "--reason", "posted by Kari")
    assert (status, said.endswith("was posted by hand as no. 4711\n")) == (0, True)
    assert rows(kk2("voucher", "list", "--json")[1])[0]["state"] == "by_hand"


def test_the_doctor_looks_at_each_thing_and_says_how_it_is(town: Site, kk2: Kk2) -> None:
    status, said, _ = kk2("doctor", "--json")

    signs = {sign["name"]: sign["state"] for sign in rows(said)}
    assert status == 1  # the test's broker does not answer
    assert (signs["broker"], signs["database"], signs["relay"]) == ("bad", "well", "unknown")
    assert signs["Visma visma"] == "well"
    assert "well     migrations: at " in kk2("doctor")[1]


def test_what_visma_moved_is_fetched_shown_explained_and_exported(town: Site, kk2: Kk2) -> None:
    town.with_us(1, kr(1000), DUE)
    first = town.moves(TransactionKind.CREDIT_NOTE, -kr(900), 1)
    assert kk2("transaction", "fetch", "100")[:2] == (
        0,
        "Visma is asked what happened to the invoices of company 100\n",
    )
    town.drain()
    town.simulator.correct("100", first, -kr(950))
    town.moves(TransactionKind.WRITE_OFF, -kr(100), 1)
    town.come(paid(kid_of(1), kr(10)))
    kk2("transaction", "fetch", "100")
    town.drain()

    shown = kk2("case", "show", "0221-00000001")[1]
    assert "-950,00 was -900,00" in shown
    assert "credit of 50,00 kr on invoice F1-1: it stands in Visma" in shown
    why = kk2("payment", "why", "1")[1]
    assert f"{DAY} kreditnota på faktura F1-1: -950,00 kr, rettet fra -900,00" in why
    exported = kk2("case", "export", "--since", "2026-03-01")[1]
    assert f"moved;100;KOM;0221-00000001;{DAY};;credit_note;-950.00;paid;{first}" in exported
    listed = rows(kk2("transaction", "list", "--company", "100", "--json")[1])
    listed.sort(key=lambda t: (t["kind"] != "payment", t["kind"] != "write_off", -int(str(t["version"]))))
    assert [(t["kind"], t["state"], t["amount"]) for t in listed] == [
        ("payment", "ours", -kr(10)),
        ("write_off", "applied", -kr(100)),
        ("credit_note", "applied", -kr(950)),
        ("credit_note", "superseded", -kr(900)),
    ]
    detail = kk2("transaction", "show", str(listed[2]["id"]))[1]
    assert "-950,00 was -900,00 kr" in detail
    assert "superseded" in detail


def test_a_transaction_with_half_of_our_signs_is_judged_by_a_person(town: Site, kk2: Kk2) -> None:
    town.with_us(1, kr(1000), DUE)
    town.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", -kr(400))], registrar="WS-Inf")
    kk2("transaction", "fetch", "100")
    town.drain()

    (parked,) = rows(kk2("transaction", "list", "--state", "parked", "--json")[1])
    one = str(parked["id"])
    assert parked["reason"] == "half_ours"
    assert "kk2 transaction apply ID" in kk2("transaction", "show", one)[1]
    assert kk2("transaction", "retry", one)[1] == "1 transaction decided again, 1 of them still parked\n"
    assert kk2("transaction", "set-aside", one)[0] == 1
    assert kk2("transaction", "set-aside", one, "--reason", "booked here in 2024")[0] == 0
    assert kk2("transaction", "apply", one, "--item", "999")[2].startswith(
        "kk2: item 999 is no invoice of company 100"
    )
    assert kk2("transaction", "apply", one, "--reason", "it was not")[0] == 0
    town.drain()
    assert "600,00" in kk2("case", "list")[1]
    assert kk2("transaction", "show", "99")[0] == 1
    assert kk2("transaction", "retry", "99")[0] == 1
    town.prove()
