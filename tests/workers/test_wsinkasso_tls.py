"""Who the adapter talks to: certificates are verified, before a byte of a voucher has left, and who we are is shown."""

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.simulator import Simulator
from schemas.transfer import DeliveryAnswer, Verdict
from tests.workers.far_side import Certificates, a_voucher, an_installation, secret
from workers.accounting import connect

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the command openssl makes the certificates"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def right(authority: Certificates) -> Path:
    return authority.issue("visma", "IP:127.0.0.1")


@pytest.fixture
def visma(right: Path, tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path, tls=serving(right)) as simulator:
        yield simulator


def serving(pem: Path, client_authority: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if client_authority is not None:
        context.load_verify_locations(client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def sent(visma: Simulator, *, ca_file: str = "", client_certificate: str = "") -> DeliveryAnswer:
    setup = an_installation(visma.url, ca_file=ca_file, client_certificate=client_certificate)
    (answer,), _ = connect(setup, secret).register([a_voucher()])
    return answer


def test_a_certificate_of_our_own_authority_is_trusted(visma: Simulator, authority: Certificates) -> None:
    assert sent(visma, ca_file=str(authority.ca)).verdict is Verdict.BOOKED


def test_a_certificate_of_an_unknown_authority_gets_no_voucher(visma: Simulator) -> None:
    answer = sent(visma)

    assert (answer.verdict, answer.code) == (Verdict.UNSENT, "Certificate")
    assert visma.vouchers() == ()


def test_a_certificate_that_changes_while_we_run_is_looked_at_anew(
    authority: Certificates, right: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    strange = Certificates(elsewhere).issue("visma", "IP:127.0.0.1")
    renewed = authority.issue("renewed", "IP:127.0.0.1")
    shown = serving(right)
    with Simulator(tmp_path, tls=shown) as visma:
        adapter = connect(an_installation(visma.url, ca_file=str(authority.ca)), secret)
        said = []
        for number, certificate in enumerate((right, strange, renewed)):
            shown.load_cert_chain(certificate)
            (answer,), _ = adapter.register([a_voucher(reference=f"KK2-{number}")])
            said.append(answer.verdict)

        assert said == [Verdict.BOOKED, Verdict.UNSENT, Verdict.BOOKED]
        assert [each.reference for each in visma.vouchers()] == ["KK2-0", "KK2-2"]


def test_a_certificate_for_another_name_gets_no_voucher(authority: Certificates, tmp_path: Path) -> None:
    wrong = authority.issue("other", "DNS:other.example")
    with Simulator(tmp_path, tls=serving(wrong)) as visma:
        answer = sent(visma, ca_file=str(authority.ca))

        assert (answer.verdict, answer.code) == (Verdict.UNSENT, "Certificate")
        assert visma.vouchers() == ()


def test_a_server_without_tls_behind_an_https_address_gets_no_voucher(
    authority: Certificates, tmp_path: Path
) -> None:
    with Simulator(tmp_path) as plain:
        setup = an_installation(
            plain.url.replace("http:", "https:"), ca_file=str(authority.ca), operation_timeout=2.0
        )
        (answer,), _ = connect(setup, secret).register([a_voucher()])

    assert (answer.verdict, answer.code) == (Verdict.UNSENT, "Unreachable")


def test_a_client_certificate_opens_the_door_that_demands_one(
    authority: Certificates, right: Path, tmp_path: Path
) -> None:
    ours = authority.issue("kk2", "DNS:kk2.example")
    with Simulator(tmp_path, tls=serving(right, authority.ca)) as visma:
        without = sent(visma, ca_file=str(authority.ca))
        with_it = sent(visma, ca_file=str(authority.ca), client_certificate=f"file:{ours}")

    # TLS 1.3 refuses a client only after it has spoken: no proof that nothing was read.
    assert without.verdict is Verdict.UNKNOWN
    assert with_it.verdict is Verdict.BOOKED


def test_basic_sign_in_is_sent_and_a_wrong_one_is_never_a_booking(tmp_path: Path) -> None:
    with Simulator(tmp_path, sign_in="kk2:hemmelig") as visma:
        (right_answer,), _ = connect(an_installation(visma.url, username="kk2"), secret).register(
            [a_voucher()]
        )
        (wrong_answer,), _ = connect(an_installation(visma.url, username="kk3"), secret).register(
            [a_voucher()]
        )
        booked = len(visma.vouchers())

    assert right_answer.verdict is Verdict.BOOKED
    assert (wrong_answer.verdict, wrong_answer.code) == (Verdict.UNKNOWN, "Http401")
    assert booked == 1


def test_a_certificate_file_that_is_not_there_is_a_fault_of_the_setup(visma: Simulator) -> None:
    with pytest.raises(OSError, match="No such file"):
        connect(an_installation(visma.url, ca_file="/nowhere/ca.pem"), secret)
