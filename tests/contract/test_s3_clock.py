"""A store and a machine whose clocks differ."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from minio import time as minio_time
from structlog.testing import capture_logs

from common.adapters.s3 import S3Store
from common.ports.store import ObjectStore
from tests.contract.test_s3 import every_call
from tests.eventually import PATIENCE


@every_call
@pytest.mark.parametrize("off", [timedelta(minutes=20), timedelta(hours=-1), timedelta(days=-20_000)])
def test_a_clock_that_is_wrong_is_no_obstacle(
    s3: S3Store, monkeypatch: pytest.MonkeyPatch, off: timedelta, call: Callable[[ObjectStore], object]
) -> None:
    """Also when it is set right, and when the first call is one whose answer says nothing but 403."""
    real = minio_time.utcnow
    s3.put("a", b"x")
    for error in (off, timedelta()):
        monkeypatch.setattr(minio_time, "utcnow", lambda error=error: real() + error)
        with capture_logs() as logs:
            call(s3)
            call(s3)
        assert [line["event"][:20] for line in logs] == ["this machine's clock"]


def test_ages_are_by_the_clock_of_the_store(s3: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = minio_time.utcnow
    s3.put("a", b"x")
    monkeypatch.setattr(minio_time, "utcnow", lambda: real() + timedelta(minutes=10))
    (found,) = s3.list("a")
    assert -2 < found.age < PATIENCE
