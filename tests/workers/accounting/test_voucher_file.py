"""The folder of voucher files: what lies there, what is proof of what, and what no trick with names or links may do."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import Engine

from ops import repairs
from ops.access import ALL_ROLES
from ops.simulator import Simulator
from schemas.money import kr
from schemas.transfer import UNREAD, InquiryAnswer, Verdict
from schemas.voucher import Voucher
from tests.points import KILLED, crash_points
from tests.site import Site, kid_of, paid, site, until
from tests.workers.far_side import a_line, a_voucher, an_installation, secret
from tests.workers.test_crash_points import DUE, maker
from workers.accounting import Accounting, Trouble, connect, vuxml
from workers.accounting.folder import Folder
from workers.accounting.voucher_file import put_down

__all__ = ["maker"]
NAME, READ = "K1-1-1.xml", "READ_K1-1-1.xml"


@pytest.fixture
def bilag(tmp_path: Path) -> Path:
    """Visma's folder, with ours in it."""
    folder = tmp_path / "bilag"
    (folder / "kk2").mkdir(parents=True)
    return folder


def ours(bilag: Path) -> Accounting:
    return connect(an_installation(bilag.as_uri()), secret)


def find(bilag: Path) -> InquiryAnswer:
    return ours(bilag).find("100", "K1-1-1")[0]


def send(bilag: Path, voucher: Voucher | None = None) -> tuple[Verdict, str]:
    (answer,), _ = ours(bilag).register([voucher or a_voucher()])
    return answer.verdict, answer.code


def standing(bilag: Path) -> list[str]:
    return sorted(each.name for each in bilag.iterdir() if each.name != "kk2")


def test_a_file_is_all_that_is_left_and_says_what_the_voucher_says(bilag: Path) -> None:
    assert send(bilag) == (Verdict.UNKNOWN, UNREAD)

    assert standing(bilag) == [NAME]
    assert list((bilag / "kk2").iterdir()) == []
    root = etree.fromstring((bilag / NAME).read_bytes())
    vuxml.schema().assertValid(root)
    assert root.values() == ["KK2", "Vouchers", "1.5"]
    (voucher,) = root.iterfind("vouchers/voucher")
    assert (voucher.findtext("customer"), voucher.findtext("invoice")) == ("40017", "F-17")
    assert [each.text for each in voucher.iterfind("textLines/textLine")] == ["K1-1-1", "OCR 03.11"]
    assert [each.text for each in voucher.iterfind(".//baseAmount")] == ["1234.50", "-1234.50"]


def test_a_file_that_lies_unread_is_not_absent_and_is_left_as_it_is(bilag: Path) -> None:
    send(bilag)
    before = (bilag / NAME).stat()

    assert send(bilag) == (Verdict.UNKNOWN, UNREAD)
    assert send(bilag, a_voucher(amount=kr(7))) == (Verdict.UNKNOWN, "DuplicateReference")

    after = (bilag / NAME).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert find(bilag) == InquiryAnswer("K1-1-1", asked=True, found=(), unread=True)


def test_the_read_file_is_the_delivery_and_its_name_the_number(bilag: Path) -> None:
    send(bilag)
    (bilag / NAME).rename(bilag / READ)

    (found,) = find(bilag).found
    assert (found.voucher_no, found.total, found.lines) == (READ, kr(1234, 50), 2)
    assert send(bilag) == (Verdict.BOOKED, "")
    assert standing(bilag) == [READ]


def test_a_second_file_beside_the_read_one_is_named_as_a_double(bilag: Path) -> None:
    send(bilag)
    (bilag / READ).write_bytes((bilag / NAME).read_bytes())

    assert [each.voucher_no for each in find(bilag).found] == [READ, NAME]


def test_what_was_written_and_never_put_down_is_absent_and_is_sent_again(bilag: Path) -> None:
    with Folder(str(bilag)) as folder:
        folder.write("K1-1-1", b"half a f")

    assert find(bilag) == InquiryAnswer("K1-1-1", asked=True, found=())
    assert send(bilag) == (Verdict.UNKNOWN, UNREAD)
    assert standing(bilag) == [NAME]
    assert list((bilag / "kk2").iterdir()) == []


def test_a_dead_call_that_was_only_slow_can_put_nothing_down_once_another_has_begun(bilag: Path) -> None:
    with Folder(str(bilag)) as slow:
        unfinished = slow.write("K1-1-1", vuxml.written(a_voucher(), vuxml.schema()))
        send(bilag)
        (bilag / NAME).rename(bilag / READ)
        with pytest.raises(FileNotFoundError):
            slow.put_down(unfinished, NAME)

    assert standing(bilag) == [READ]


class Overtaken(Folder):
    """While we write, another call puts the same voucher down, and somebody reads it."""

    def write(self, reference: str, content: bytes) -> str:
        super().put_down(super().write(reference, content), READ)
        return super().write(reference, content)


class TakenAway(Folder):
    """Just before we put it down, another call takes what we have written for a dead one's."""

    def put_down(self, unfinished: str, name: str) -> None:
        assert self.take_away(unfinished)
        super().put_down(unfinished, name)


class Broken(Folder):
    """The share says no to the rename."""

    def put_down(self, unfinished: str, name: str) -> None:
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    ("other", "verdict", "left"),
    [
        (Overtaken, Verdict.BOOKED, [READ]),
        (TakenAway, Verdict.UNKNOWN, []),
        (Broken, Verdict.UNSENT, []),
    ],
)
def test_what_happens_between_our_steps_makes_no_second_file_and_no_false_certainty(
    bilag: Path, other: type[Folder], verdict: Verdict, left: list[str]
) -> None:
    with other(str(bilag)) as folder:
        answer = put_down(folder, "K1-1-1", vuxml.written(a_voucher(), vuxml.schema()))

    assert answer.verdict is verdict
    assert standing(bilag) == left
    assert list((bilag / "kk2").iterdir()) == []


def test_where_nothing_stands_nobody_knows_and_a_person_is_asked(bilag: Path) -> None:
    send(bilag)
    (bilag / NAME).unlink()

    answer = find(bilag)

    assert (answer.asked, answer.found) == (False, ())
    assert "never put down, or cleaned away" in answer.note


def test_a_read_file_that_can_not_be_read_is_no_proof(bilag: Path) -> None:
    (bilag / READ).write_bytes(b"")

    assert send(bilag) == (Verdict.UNKNOWN, "Garbage")
    assert find(bilag).asked is False
    assert standing(bilag) == [READ]


@pytest.mark.parametrize("text", ["", "Konto 9999 finnes ikke, kunde 12345678901"])
def test_a_refused_file_is_a_refusal_with_its_words_and_makes_way_for_the_next(
    bilag: Path, text: str
) -> None:
    send(bilag)
    (bilag / NAME).rename(bilag / f"AVVIST_{NAME}")
    if text:
        (bilag / "AVVIST_K1-1-1.txt").write_text(text, "utf-8")

    answer = find(bilag)

    assert (answer.asked, answer.refused, answer.found) == (True, True, ())
    assert (text[:20] or "list of the import") in answer.note
    assert "12345678901" not in answer.note
    assert send(bilag) == (Verdict.UNKNOWN, UNREAD)
    assert standing(bilag) == [NAME]
    assert f"AVVIST_{NAME}" in [each.name for each in (bilag / "kk2").iterdir()]
    assert find(bilag).unread


def test_a_share_that_is_not_mounted_is_trouble_and_never_an_empty_folder(bilag: Path) -> None:
    (bilag / "kk2").rmdir()

    assert send(bilag) == (Verdict.UNSENT, "Unreachable")
    with pytest.raises(Trouble, match="is the share mounted"):
        find(bilag)
    with pytest.raises(Trouble, match="is the share mounted"):
        ours(bilag).installation()
    assert standing(bilag) == []


def test_a_full_disk_leaves_the_voucher_unsent_and_what_was_half_written_is_no_obstacle(bilag: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))  # bytes: the file has more
    try:
        unsent = send(bilag)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert unsent == (Verdict.UNSENT, "Unreachable")
    assert standing(bilag) == []
    assert send(bilag) == (Verdict.UNKNOWN, UNREAD)
    assert list((bilag / "kk2").iterdir()) == []


def test_links_are_not_followed_and_pipes_are_not_waited_for(bilag: Path, tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text("not ours")
    (bilag / NAME).symlink_to(secret_file)
    assert send(bilag)[0] is Verdict.UNSENT
    with pytest.raises(Trouble):
        find(bilag)
    (bilag / NAME).unlink()
    os.mkfifo(bilag / READ)
    assert send(bilag)[0] is Verdict.UNSENT
    with pytest.raises(Trouble):
        find(bilag)
    (bilag / READ).unlink()
    (bilag / "kk2").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (bilag / "kk2").symlink_to(tmp_path / "elsewhere")
    assert send(bilag)[0] is Verdict.UNSENT

    assert secret_file.read_text() == "not ours"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("reference", ["../K1-1-1", "a/b", "", ".hidden", "K1-1-1\n", "K 1", "K1-1-1.xml"])
def test_a_name_comes_from_our_reference_and_nothing_else(bilag: Path, reference: str) -> None:
    assert send(bilag, a_voucher(reference)) == (Verdict.REFUSED, "Invalid")
    with pytest.raises(Trouble, match="no reference of ours"):
        ours(bilag).find("100", reference)
    assert standing(bilag) == []


def test_a_file_without_end_is_not_read_into_memory(bilag: Path) -> None:
    with (bilag / READ).open("wb") as file:
        file.truncate(17 * 1024 * 1024)

    with pytest.raises(Trouble, match="larger than"):
        find(bilag)


def test_money_that_moves_between_two_invoices_can_not_be_said_in_a_file(bilag: Path) -> None:
    lines = (a_line("1500", kr(5), customer="40017"), a_line("1500", kr(-5), customer="40018"))

    (answer,), _ = ours(bilag).register([replace(a_voucher(), lines=lines)])

    assert (answer.verdict, answer.code) == (Verdict.REFUSED, "Invalid")
    assert "post it by hand in Visma" in answer.note
    assert standing(bilag) == []


def test_the_simulated_visma_books_a_second_file_a_second_time(tmp_path: Path) -> None:
    """Else no test of ours would see a double."""
    bilag = tmp_path / "bilag"
    with Simulator(tmp_path / "visma", files=bilag) as visma:
        send(bilag)
        content = (bilag / NAME).read_bytes()
        visma.read_files()
        (bilag / NAME).write_bytes(content)
        visma.read_files()

        assert [each.reference for each in visma.vouchers()] == ["K1-1-1", "K1-1-1"]
        assert visma.calls("K1-1-1") == 2


def test_a_simulated_visma_in_a_process_of_its_own_reads_the_folder(tmp_path: Path) -> None:
    bilag = tmp_path / "bilag"
    command = [
        sys.executable,
        "-m",
        "ops.simulator",
        "--folder",
        str(tmp_path / "visma"),
        "--files",
        str(bilag),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "SOAP at" in process.stdout.readline()
        send(bilag)
        (bilag / "K1-1-2.xml").write_text("<VUXML/>")
        until(lambda: standing(bilag) == ["AVVIST_K1-1-2.txt", "AVVIST_K1-1-2.xml", READ])
        process.terminate()


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path, by_file=True) as made:
        made.case(1, kr(1000), DUE)
        yield made


def round_by_round(here: Site) -> None:
    """Do what is due until the voucher lies unread, or waits for a person."""

    def ended() -> bool:
        for work_id, stage in here.due():
            here.work(work_id, stage)
        return here.parked() != [] or here.one("SELECT code FROM voucher") == (UNREAD,)

    until(ended)


@pytest.mark.parametrize(
    "point",
    [
        "deliver.begin.after_commit",
        *crash_points("workers/accounting/folder.py")[2:],
        "slot.release.after_commit",
        "deliver.conclude.after_commit",
    ],
)
def test_a_worker_killed_while_it_sends_puts_one_file_down_or_a_person_is_asked(
    point: str, here: Site, maker: "subprocess.Popen[str]"
) -> None:
    here.come(paid(kid_of(1), kr(100)), but=("deliver",))
    killed_at(point, here, maker)

    here.drain(but=("inquire",))
    round_by_round(here)
    if point == "deliver.begin.after_commit":  # nothing was written, and nothing proves it
        assert here.parked() == ["in_doubt"]
        with here.engine.begin() as connection:
            repairs.absent(connection, 1, person=repairs.Person("kari", "it is not in Visma", ALL_ROLES))
        here.drain(but=("inquire",))
    assert standing(here.folder / "bilag") == [NAME]
    here.simulator.read_files()
    here.drain()

    assert here.all("SELECT state, voucher_no FROM voucher") == [("delivered", READ)]
    assert [v.total for v in here.simulator.vouchers("100")] == [kr(100)]
    assert here.simulator.calls("K1-1-1") == 1
    assert here.parked() == []
    here.prove()


@pytest.mark.parametrize(
    "point", ["inquire.begin.after_commit", "inquire.conclude.before_commit", "inquire.conclude.after_commit"]
)
def test_a_worker_killed_while_it_looks_leaves_the_delivery_to_the_next(
    point: str, here: Site, maker: "subprocess.Popen[str]"
) -> None:
    here.come(paid(kid_of(1), kr(100)), but=("inquire",))
    here.simulator.read_files()
    killed_at(point, here, maker)

    here.drain()

    assert here.all("SELECT state, voucher_no FROM voucher") == [("delivered", READ)]
    assert len(here.simulator.vouchers("100")) == 1
    here.prove()


def killed_at(point: str, here: Site, maker: "subprocess.Popen[str]") -> None:
    KILLED[point] += 1
    assert maker.stdin is not None
    assert maker.stdout is not None
    url = here.engine.url.render_as_string(hide_password=False)
    print(point, url, here.folder, sep="\t", file=maker.stdin, flush=True)
    assert int(maker.stdout.readline()) == signal.SIGKILL, "no stage came by this point"
    here.pass_leases()
