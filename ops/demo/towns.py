"""The two runs: how many of each trouble make the guided demo, and how many the run of kills."""

from random import Random

from ops.demo.inventing import Inventor
from ops.demo.town import Town
from ops.demo.troubles import Troubles
from ops.demo.troubles_there import TroublesThere


def demo_town(seed: int) -> Town:
    """Some 480 cases, 50 of them still in Visma's proposal; a file of over 500 payments, one that takes some of them back, one with a twin."""
    inventor = Inventor(seed)
    troubles = Troubles(inventor)
    _first_file(troubles)
    _second_file(troubles)
    _third_file(troubles)
    _visma(troubles)
    names = ("TBOC0703.DAT", "TBOC0707.DAT", "TBOC0709.DAT")
    return inventor.town(3, lambda number: names[number - 1])


def kill_town(seed: int, files: int) -> Town:
    """As many files as the run of kills is to have, each with every trouble and with reversals of the one before."""
    inventor = Inventor(seed)
    troubles = Troubles(inventor)
    counts = Random(seed)  # noqa: S311 - the same seed must give the same town
    for at in range(1, files + 1):
        if at > 1:
            troubles.takes_back(at, "18", pays_again=False)
            troubles.takes_back(at, "-", pays_again=False)
            troubles.to_take_back.clear()
        for trouble, least, most in (
            (troubles.paid_in_full, 5, 9),
            (troubles.paid_in_part, 2, 4),
            (troubles.invoice_only, 1, 3),
            (troubles.two_on_one_case, 2, 4),
            (troubles.three_on_one_case, 1, 2),
            (troubles.overpaid, 1, 2),
            (troubles.paid_twice_over, 0, 1),
            (troubles.paid_but_for_a_little, 0, 2),
            (troubles.recalled, 0, 1),
            (troubles.merged, 0, 1),
            (troubles.alike, 0, 1),
            (troubles.later_taken_back, 2, 3),
            (troubles.unknown_kid, 0, 2),
            (troubles.failing_kid, 0, 1),
        ):
            for _ in range(counts.randint(least, most)):
                trouble(at)
    return inventor.town(files, lambda number: f"OCR.D{number:06d}")


def _first_file(troubles: Troubles) -> None:
    for trouble, times in (
        (troubles.paid_in_full, 150),
        (troubles.paid_in_part, 60),
        (troubles.invoice_only, 30),
        (troubles.two_on_one_case, 60),
        (troubles.three_on_one_case, 20),
        (troubles.overpaid, 20),
        (troubles.paid_twice_over, 8),
        (troubles.paid_but_for_a_little, 15),
        (troubles.recalled, 6),
        (troubles.merged, 8),
        (troubles.alike, 10),
        (troubles.later_taken_back, 14),
        (troubles.unknown_kid, 12),
        (troubles.failing_kid, 10),
        (troubles.nobodys_account, 4),
    ):
        for _ in range(times):
            trouble(1)


def _second_file(troubles: Troubles) -> None:
    for how, pays_again in (("18", False), ("-", False), ("18", True), ("-", True)) * 3:
        troubles.takes_back(2, how, pays_again=pays_again)
    troubles.takes_back_too_little(2)
    for trouble, times in (
        (troubles.takes_back_one_of_two, 2),
        (troubles.takes_back_a_strangers, 2),
        (troubles.pays_the_rest, 5),
        (troubles.pays_a_paid_case, 10),
        (troubles.pays_on, 40),
        (troubles.paid_in_full, 25),
        (troubles.unknown_kid, 3),
    ):
        for _ in range(times):
            trouble(2)


def _visma(troubles: Troubles) -> None:
    there = TroublesThere(troubles)
    for trouble, times in (
        (there.ready_and_paid, 15),
        (there.ready, 10),
        (there.paid_there, 12),
        (there.paid_on_both_sides, 3),
        (there.credited_there, 3),
        (there.written_off_there, 2),
        (there.corrected_there, 2),
        (there.unknown_there, 2),
        (there.differs_there, 1),
    ):
        for _ in range(times):
            trouble(1)


def _third_file(troubles: Troubles) -> None:
    troubles.comes_again(3)
    for _ in range(9):
        troubles.pays_on(3)
