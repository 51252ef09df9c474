"""A short talk with a real broker: nothing that it says is lost while something else is waited for."""

from common.wire.topics import Topics
from headway.line import Line
from tests.eventually import PATIENCE
from tests.servers import Mosquitto


def test_what_is_retained_for_the_first_of_many_filters(mosquitto: Mosquitto, prefix: str) -> None:
    """They go in several packets: it comes before the last of them is granted."""
    settings = mosquitto.settings(prefix=prefix)
    with Line(settings) as line:
        line.retain({f"{prefix}/0": b"first", f"{prefix}/249": b"last"})
    with Line(settings, *(f"{prefix}/{number}" for number in range(250))) as line:
        found = line.retained()
        line.retain(dict.fromkeys(found, b""))
    assert found == {f"{prefix}/0": b"first", f"{prefix}/249": b"last"}


def test_an_answer_that_is_faster_than_the_acknowledgement(mosquitto: Mosquitto, topics: Topics) -> None:
    """Mosquitto hands a message on before it acknowledges it, so our own is such an answer."""
    topic = topics.device_config("cam")
    with Line(mosquitto.settings(prefix=topics.prefix), topic) as line:
        assert line.retained() == {}
        line.retain({topic: b"1"})
        line.retain({topic: b""})
        heard = line.received(within=PATIENCE)
        assert [next(heard).payload for _ in range(2)] == [b"1", b""]
