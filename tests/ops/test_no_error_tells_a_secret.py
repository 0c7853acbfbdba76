"""What is unreachable, refused or set wrong is said without the password in its address."""

import logging

import pytest

from tests.ops.acting import Kk2
from workers.settings import SettingsError, settings

PLANTED = "planted-7319"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KK2_DATABASE_URL", f"postgresql+psycopg://kk2:{PLANTED}@127.0.0.1:1/kk2"),
        ("KK2_DATABASE_URL", f"postgresql+psycopg://kk2:{PLANTED}@no-such-host.invalid/kk2"),
        ("KK2_DATABASE_URL", f"postgresql+psycopg://kk2:{PLANTED}@127.0.0.1:port/kk2"),
        ("KK2_DATABASE_URL", f"postgresql+psycopg://kk2:{PLANTED}/9@127.0.0.1/kk2"),
        ("KK2_DATABASE_URL", f"mysql://kk2:{PLANTED}@127.0.0.1/kk2"),
        ("KK2_BROKER_URL", f"redis://:{PLANTED}@127.0.0.1:1/0"),
        ("KK2_BROKER_URL", f"redis://:{PLANTED}@127.0.0.1:port/0"),
        ("KK2_BROKER_URL", f"amqp://kk2:{PLANTED}@127.0.0.1/0"),
        ("KK2_ALARM_URLS", f"json://kk2:{PLANTED}@127.0.0.1:1"),
        ("KK2_ALARM_URLS", f"no-such-service://{PLANTED}"),
    ],
)
def test_a_secret_is_in_no_error(
    kk2: Kk2, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(name, value)
    settings.cache_clear()

    told = ""
    for line in (("doctor",), ("system",), ("work", "list"), ("migrate",)):
        try:
            told += "".join(map(str, kk2(*line)))
        except SettingsError as error:
            told += str(error)

    assert "KK2_" in told or "revision" in told
    assert PLANTED not in told + caplog.text
