"""Sign a day of a company whose sums agree or are explained, and open it again: every signature stays to be read."""

import json
from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, text

from ops.queries import days
from ops.repairs.acts import Done, Person, Refusal, leave, need_company, need_reason, too_late
from pipeline.reconciliation import Between


def sign(
    connection: Connection,
    company: str,
    day: date,
    explained: Mapping[Between, str],
    seen: str,
    *,
    person: Person,
) -> Done:
    """Put a person's name on a day's numbers; each difference that is left needs its reason in `explained`.

    `seen`: the digest of the numbers that the person looked at, "" for whatever they are now. Refused if they changed.
    """
    found = _turn(connection, company, day)
    subject = _subject(company, day)
    if found.signature is not None:
        changed = " and its numbers have changed since; open it again first" if found.changes else " already"
        raise too_late(connection, subject, f"is signed{changed}")
    if seen and not found.digest.startswith(seen):
        raise Refusal(f"the numbers of {subject} changed while you looked; look again, then sign")
    given = {between: reason.strip() for between, reason in explained.items() if reason.strip()}
    left = [between for between in found.to_explain if between not in given]
    if left:
        raise Refusal(
            f"{subject} differs, and nobody has said why: {', '.join(left)}; give a reason for each"
        )
    needed = {between.value: given[between] for between in found.to_explain}
    _write(connection, company, day, "signed", person, needed, found)
    detail = {"digest": found.digest, "explained": sorted(needed)}
    rings = leave(connection, person, "sign day", subject, detail, [])
    return Done(rings, f"{subject} is signed, with the digest {found.digest[:12]}")


def reopen(connection: Connection, company: str, day: date, *, person: Person) -> Done:
    """Open a signed day again, with a reason; the signature stays in its history."""
    need_reason(person, "to open a signed day again")
    found = _turn(connection, company, day)
    subject = _subject(company, day)
    if found.signature is None:
        raise too_late(connection, subject, "is not signed")
    _write(connection, company, day, "reopened", person, {}, None)
    rings = leave(connection, person, "reopen day", subject, {"signature": found.signature.id}, [])
    return Done(rings, f"{subject} is open again")


def _turn(connection: Connection, company: str, day: date) -> days.Day:
    """The day as it stands, while nobody else signs it or opens it."""
    need_company(connection, company)
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"day {company} {day.isoformat()}"},
    )
    found = days.shown(connection, company, day)
    if found is None:
        raise Refusal(f"nothing was booked for company {company} on {day}: there is nothing to sign")
    return found


def _subject(company: str, day: date) -> str:
    return f"day {company} {day.isoformat()}"


def _write(
    connection: Connection,
    company: str,
    day: date,
    act: str,
    person: Person,
    explained: Mapping[str, str],
    signed: days.Day | None,
) -> None:
    connection.execute(
        text(
            "INSERT INTO day_signature (company, day, act, actor, reason, explained, numbers, digest) VALUES "
            "(:company, :day, :act, :actor, :reason, CAST(:explained AS jsonb), CAST(:numbers AS jsonb), :digest)"
        ),
        {
            "company": company,
            "day": day,
            "act": act,
            "actor": person.actor,
            "reason": person.reason,
            "explained": json.dumps(explained, ensure_ascii=False),
            "numbers": json.dumps(dict(signed.numbers), ensure_ascii=False) if signed else "{}",
            "digest": signed.digest if signed else "",
        },
    )
