"""What rules and repairs say is read in the visitor's language, with its values where the translation wants them."""

import pytest

from ops.console.sentences import translate


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
            "betaling 17 er avvist, og bare de som er parkert eller holdes tilbake kan slippes videre; sist: refuse av kari den "
            "2026-03-02 kl. 10:11",
        ),
        ("a sentence that nobody translated", "a sentence that nobody translated"),
        ("", ""),
    ],
)
def test_a_sentence_is_translated_with_its_values(english: str, bokmaal: str) -> None:
    assert translate(english, "nb") == bokmaal
    assert translate(english, "en") == english
