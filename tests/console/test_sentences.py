"""What rules and repairs say is read in the visitor's language, with its values where the translation wants them."""

import io
import re
from datetime import datetime, timedelta

import pytest

from ops.access import ACTS, Role
from ops.console import words
from ops.console.sentences import PLACE, moved, translate
from pipeline import formats
from schemas.schedule import OSLO
from tests.console.said import of_people, of_readers, of_visma, samples, templates
from tests.pipeline import ocr_giro_cases
from tests.pipeline.test_camt054_faults import FAULTY
from workers.store.case_sql import QUESTIONS

_ONLY_VALUES = re.compile(r"[{} ,;:()]*(last|by|on)?[{} ,;:()]*(by|on)?[{} ,;:()]*(on)?[{} ,;:()]*")
_ENGLISH = re.compile(
    r"\b(the|of|and|an|a|is|are|as|or|with|line|expected|found|no|none|one|more|this|its?|by|on|in|has|have|which|be|been|was|were"
    r"|first|from|than|does|not|there|until|goes|can|can't|waits?|came|let|another|before|already|show|mend)\b"
)
_AS_IT_STANDS = re.compile(r"`[^`]*`|kk2 [a-z -]*[^ ,;:]*|--[a-z-]+|'[^']*'")


@pytest.mark.parametrize(
    ("english", "bokmaal"),
    [
        (
            "no case has the KID 00009076: assign the payment, or wait for the case",
            "ingen sak har KID 00009076: før betalingen på en sak, eller vent på saken",
        ),
        (
            "payment 17, 1 038,00 kr, goes to case 0221-00000038",
            "betaling 17, 1 038,00 kr, føres på sak 0221-00000038",
        ),
        (
            "payment 17 is refused, and only held or parked ones can be released; last: refuse by kari on 2026-03-02 at 10:11",
            "betaling 17 er avvist, og bare de som er parkert eller holdes tilbake kan slippes videre; sist: avvise av kari den "
            "02.03.2026 kl. 10:11",
        ),
        # who is called as a word of the catalogue keeps the name, and what a person wrote stands as it was written
        (
            "sent back by held on 2026-03-02 at 10:11: posted; take it up first",
            "sendt tilbake av held den 02.03.2026 kl. 10:11: posted; ta det opp igjen først",
        ),
        (
            "settled may not do this (approve): it is for the role clerk",
            "settled har ikke adgang til dette (godkjenne): det er for rollen saksbehandler",
        ),
        # a thing and what is said of it, where a shorter template fits the whole
        (
            "case 1 is merged already, into case id:2",
            "sak 1 er allerede slått sammen, med sak id:2",
        ),
        ("day 100 2026-03-16 is signed already", "dagen 100 16.03.2026 er allerede kvittert"),
        (
            "voucher 28 is in_doubt, and can't be taken back: end the doubt first",
            "bilag 28 er i tvil, og kan ikke bli tatt tilbake: avklar tvilen først",
        ),
        ("a sentence that nobody translated", "a sentence that nobody translated"),
        ("", ""),
    ],
)
def test_a_sentence_is_translated_with_its_values(english: str, bokmaal: str) -> None:
    assert translate(english, "nb") == bokmaal
    assert translate(english, "en") == english


def test_a_clock_that_is_moved_moves_the_moments_of_a_sentence_and_no_day_of_the_banks() -> None:
    said = moved("assigned by kari on 2026-11-24 at 23:30; it was booked on 2026-07-08", timedelta(hours=1))

    assert said == "assigned by kari on 2026-11-25 at 00:30; it was booked on 2026-07-08"
    assert words.day_here(datetime.now(OSLO).date(), timedelta(days=-1), "nb") == words.day(
        datetime.now(OSLO).date() - timedelta(days=1), "nb"
    )


def test_every_sentence_that_can_be_said_has_its_bokmaal() -> None:
    known = {message.id for _, catalogue in words.catalogues("nb") for message in catalogue if message.string}
    missing = [
        f"{path}: {sentence}"
        for sentence, path in {
            **templates(),
            **of_readers(),
            **of_visma(),
            **_of_cases(),
            **_of_roles(),
        }.items()
        if sentence not in known and not _ONLY_VALUES.fullmatch(sentence)
    ]

    assert not missing, "\n".join(missing)


def _of_roles() -> dict[str, str]:
    """Who may, where an act or a page is not for everybody."""
    return {" or ".join(role for role in Role if role in roles): "ops/access.py" for roles in ACTS.values()}


def _of_cases() -> dict[str, str]:
    """What the door of case files has against a record."""
    return {text: "workers/store/case_sql.py" for each in QUESTIONS for text in (each.what, each.expected)}


def test_a_fault_or_an_oddity_of_a_file_has_no_english_in_bokmaal() -> None:
    faulty = [case.raw for case in ocr_giro_cases.faults()] + [raw for raw, _ in FAULTY]
    odd = [case.raw for case in ocr_giro_cases.hard_cases()]
    read = [
        formats.read(io.BytesIO(raw.encode() if isinstance(raw, str) else raw), options=formats.DEFAULT)
        for raw in faulty + odd
    ]
    faults = {
        f"TBOC0005.DAT:{each}" for file in read if isinstance(file, formats.Refusal) for each in file.faults
    }
    notes = {note.text for file in read if isinstance(file, formats.Reading) for note in file.notes}
    said = {sentence: translate(sentence, "nb") for sentence in faults | notes}

    assert len(faults) > 80
    assert len(notes) > 20
    assert not {fault: said[fault] for fault in faults if not said[fault].startswith("TBOC0005.DAT, linje ")}
    assert not [each for each in said.values() if _in_english(each)]


def test_a_sentence_put_together_of_parts_has_no_english_in_bokmaal() -> None:
    said = {sentence: translate(sentence, "nb") for sentence in samples()}

    assert len(said) > 300
    assert not {sentence: each for sentence, each in said.items() if _in_english(each)}


def _in_english(sentence: str) -> bool:
    return _ENGLISH.search(_AS_IT_STANDS.sub("", sentence)) is not None


def test_a_translation_has_the_values_of_its_sentence() -> None:
    for path, catalogue in words.catalogues("nb"):
        for message in catalogue:
            if isinstance(message.id, str) and isinstance(message.string, str) and message.string:
                assert message.id.count("{}") == len(re.findall(PLACE, message.string)), (
                    f"{path.name}: {message.id}"
                )


def test_a_name_in_a_sentence_is_marked_in_its_translation() -> None:
    marked = {
        message.id: {
            int(n) if n else at
            for at, (as_it_is, n) in enumerate(re.findall(PLACE, message.string))
            if as_it_is
        }
        for _, catalogue in words.catalogues("nb")
        for message in catalogue
        if isinstance(message.id, str) and isinstance(message.string, str) and message.string
    }
    named = {template: names for template, names in of_people().items() if template in marked}

    assert len(named) > 5
    assert not [template for template, names in named.items() if not names <= marked[template]]
