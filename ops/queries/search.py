"""The one search box: what was typed is looked for as everything that it can be."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from schemas.money import Money

MOST = 10
"""Hits of a kind that are shown; where there are more, that is said."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `name`: what a person calls it. `about`: a word or two that tell it from others like it."""

    id: int
    name: str
    about: str
    state: str
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of a kind, and as what: `kind` is payment, case, file, voucher or invoice. `more`: there are others."""

    kind: str
    by: str
    hits: tuple[Hit, ...]
    more: bool


# id, name, about, state, amount. Each is asked by an index of its own; none is a search within a text.
_PAYMENT = "SELECT p.id, p.id::text, coalesce(p.kid, ''), p.state, p.amount FROM payment p WHERE"
_CASE = "SELECT c.id, c.case_no, c.debtor_name, c.state, c.balance FROM kk2_case c WHERE"
_VOUCHER = "SELECT v.id, v.reference, coalesce(v.voucher_no, ''), v.state, v.total FROM voucher v WHERE"
_FILE = "SELECT f.id, f.name, f.landed_at::date::text, f.state, f.total FROM bank_file f WHERE"
_INVOICE = "SELECT i.id, i.invoice_no, i.customer_no, i.state, i.open_amount FROM invoice i WHERE"

_TEXTS = (
    ("payment", "KID", f"{_PAYMENT} p.kid = :q ORDER BY p.id DESC"),
    ("case", "case number", f"{_CASE} c.case_no LIKE :begins ORDER BY c.case_no, c.id"),
    ("case", "KID", f"{_CASE} c.id IN (SELECT case_id FROM case_kid WHERE kid = :q) ORDER BY c.id"),
    ("case", "customer number", f"{_CASE} c.customer_no = :q ORDER BY c.id"),
    ("case", "name", f"{_CASE} lower(c.debtor_name) LIKE lower(:begins) ORDER BY lower(c.debtor_name), c.id"),
    ("voucher", "reference", f"{_VOUCHER} v.reference = :q"),
    ("voucher", "voucher number", f"{_VOUCHER} v.voucher_no = :q ORDER BY v.id DESC"),
    ("file", "file name", f"{_FILE} f.name ILIKE :within ORDER BY f.id DESC"),
    ("invoice", "invoice number", f"{_INVOICE} i.invoice_no = :q ORDER BY i.id DESC"),
)
_NUMBERS = (
    ("payment", "payment number", f"{_PAYMENT} p.id = :number"),
    ("voucher", "number", f"{_VOUCHER} v.id = :number"),
)
_AMOUNTS = (
    ("payment", "amount", f"{_PAYMENT} p.amount IN (:ore, -CAST(:ore AS bigint)) ORDER BY p.id DESC"),
    ("voucher", "amount", f"{_VOUCHER} v.total = :ore ORDER BY v.id DESC"),
)
_SHORTEST = 2  # one letter begins a whole town


def search(connection: Connection, q: str, *, number: int | None, ore: Money | None) -> tuple[Hits, ...]:
    """Look for what was typed: `number` and `ore` are the same read as an id and as an amount, None where it can't be one.

    KID, customer, reference, voucher and invoice number, id and amount are found exactly; case number and debtor's name by
    how they begin; file name by any part.
    """
    if len(q) < _SHORTEST and number is None:
        return ()
    return tuple(hits for hits in _asked(connection, q, number, ore) if hits.hits)


def _asked(connection: Connection, q: str, number: int | None, ore: Money | None) -> Iterator[Hits]:
    plain = q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = {
        "q": q,
        "begins": f"{plain}%",
        "within": f"%{plain}%",
        "number": number,
        "ore": ore,
        "most": MOST + 1,
    }
    texts = _TEXTS if len(q) >= _SHORTEST else ()
    for kind, by, sql in (
        *texts,
        *(_NUMBERS if number is not None else ()),
        *(_AMOUNTS if ore is not None else ()),
    ):
        given = {name: value for name, value in values.items() if f":{name}" in sql or name == "most"}
        rows = connection.execute(text(f"{sql} LIMIT :most"), given).all()
        yield Hits(kind, by, tuple(Hit(*row) for row in rows[:MOST]), len(rows) > MOST)
