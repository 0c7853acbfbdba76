"""Where the money is, in all, per company and per file: one statement over all payments."""

from itertools import groupby

from sqlalchemy import Connection, text

from ops.balance.report import Place, Sums, VoucherSums

# A split in a voucher stands under the voucher's state, a live one in none is the proposal; the rest of each payment is
# what its own state says. So the places of a scope sum up to its amount, whatever else is wrong.
_PLACES = """
WITH live AS (
    SELECT s.payment_id, CASE WHEN v.id IS NULL THEN 'proposal' ELSE 'voucher' END AS place, coalesce(v.state, '') AS state,
        sum(s.amount) AS amount
    FROM split s LEFT JOIN voucher_split t ON t.split_id = s.id AND NOT t.released LEFT JOIN voucher v ON v.id = t.voucher_id
    WHERE s.superseded_by IS NULL GROUP BY 1, 2, 3
), places AS (
    SELECT p.id, p.file_id, coalesce(p.company, '') AS company, l.place, l.state, l.amount
    FROM live l JOIN payment p ON p.id = l.payment_id WHERE l.amount <> 0
    UNION ALL
    SELECT p.id, p.file_id, coalesce(p.company, ''), 'unsplit', p.state, p.amount - coalesce(t.amount, 0)
    FROM payment p LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM live GROUP BY 1) t ON t.payment_id = p.id
    WHERE p.amount <> coalesce(t.amount, 0)
), of_all AS (
    SELECT file_id, coalesce(company, '') AS company, count(*) AS payments, sum(amount) AS amount FROM payment GROUP BY 1, 2
)
SELECT grouping(a.company) AS no_company, grouping(a.file_id) AS no_file, a.company, a.file_id, '' AS place, '' AS state,
    coalesce(sum(a.payments), 0)::bigint AS payments, coalesce(sum(a.amount), 0)::bigint AS amount
FROM of_all a GROUP BY GROUPING SETS ((), (a.company), (a.file_id))
UNION ALL
SELECT grouping(company), grouping(file_id), company, file_id, place, state, count(*), sum(amount)::bigint
FROM places GROUP BY GROUPING SETS ((place, state), (company, place, state), (file_id, place, state))
ORDER BY 1 DESC, 2 DESC, 3, 4, 5, 6"""


def sums(connection: Connection, files: int) -> tuple[Sums, ...]:
    """The sums of all, of each company, and of the newest `files` files."""
    found = connection.execute(text(_PLACES)).all()
    made: list[Sums] = []
    for scope, rows in groupby(found, key=lambda r: (r.no_company, r.no_file, r.company, r.file_id)):
        head, *places = rows
        made.append(
            Sums(
                _name(*scope),
                head.payments,
                head.amount,
                tuple(Place(row.place, row.state, row.payments, row.amount) for row in places),
            )
        )
    of_files = [each for each in made if each.scope.startswith("file ")]
    return (*(each for each in made if not each.scope.startswith("file ")), *of_files[-files:][::-1])


def voucher_sums(
    connection: Connection, in_visma: dict[tuple[str, str], tuple[int, int]] | None
) -> tuple[VoucherSums, ...]:
    """Each company's vouchers by state, beside what Visma has of them, by (company, state); None where it was not asked."""
    rows = connection.execute(
        text(
            "SELECT company, state, count(*) AS n, sum(total)::bigint AS total FROM voucher GROUP BY 1, 2 ORDER BY 1, 2"
        )
    )
    made = []
    for row in rows:
        theirs = None if in_visma is None else in_visma.get((row.company, row.state), (0, 0))
        number, total = theirs if theirs is not None else (None, None)
        made.append(VoucherSums(row.company, row.state, row.n, row.total, number, total))
    return tuple(made)


def _name(no_company: int, no_file: int, company: str | None, file_id: int | None) -> str:
    if no_company and no_file:
        return "all"
    return f"file {file_id}" if no_company else f"company {company or '(none)'}"
