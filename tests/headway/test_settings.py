"""From flags, files and environment to what the children read."""

import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.config import ConfigError, load
from engage.settings import EngageSettings
from headway import outside, ports, toml, weed
from headway.datadir import DataDir
from headway.errors import UserError
from headway.installation import Installation, Options, endpoints, prepare
from inference.settings import InferenceSettings


def prepared(folder: Path, **flags: Any) -> Installation:
    data = DataDir.open(folder)
    try:
        return prepare(Options(**{"port": ports.assign(["web"], {})["web"], "cameras": (), **flags}), data)
    finally:
        data.close()


values = st.recursive(
    st.text()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), values, max_size=4), max_size=4))
def test_what_is_written_is_what_is_read(tables: toml.Tables) -> None:
    assert tomllib.loads(toml.dump(tables)) == tables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("compat.people_counter=true", ("compat", "people_counter", True)),
        ("ingest.interval = 2.5", ("ingest", "interval", 2.5)),
        ("bus.prefix=site/one", ("bus", "prefix", "site/one")),
        ("bus.password=a=b", ("bus", "password", "a=b")),
        ('engage.flows=["a", "b"]', ("engage", "flows", ["a", "b"])),
    ],
)
def test_an_assignment(text: str, expected: tuple[str, str, object]) -> None:
    assert toml.assignment(text) == expected


@pytest.mark.parametrize("text", ["", "compat", "compat.x", "=1", "compat=1", ".x=1"])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(UserError, match=r"SECTION\.KEY=VALUE"):
        toml.assignment(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt://h", {"host": "h", "port": 1883, "tls": False}),
        ("mqtts://u:p%40@h:1", {"host": "h", "port": 1, "tls": True, "username": "u", "password": "p@"}),
    ],
)
def test_an_outside_broker(text: str, expected: dict[str, object]) -> None:
    assert outside.mqtt(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://h:9000", {"endpoint": "h:9000", "secure": False}),
        (
            "https://k:s%2F@h/pics",
            {"endpoint": "h:443", "secure": True, "access_key": "k", "secret_key": "s/", "bucket": "pics"},
        ),
        ("http://[::1]:9", {"endpoint": "[::1]:9", "secure": False}),
    ],
)
def test_an_outside_store(text: str, expected: dict[str, object]) -> None:
    assert outside.store(text) == expected


@pytest.mark.parametrize("text", ["h:1883", "http://h", "mqtt://", "mqtt://h:port", "mqtt://u:secret@"])
def test_what_is_no_broker_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(UserError, match="--mqtt") as caught:
        outside.mqtt(text)
    assert "secret" not in str(caught.value)


def test_secrets_and_ports_are_stable_and_only_the_owners(tmp_path: Path) -> None:
    first, second = prepared(tmp_path / "d"), prepared(tmp_path / "d")
    assert first.memory == second.memory
    assert len(first.memory.mqtt_password) >= 24
    for name in ("headway.json", "headway.toml"):
        assert (tmp_path / "d" / name).stat().st_mode & 0o777 == 0o600


def test_a_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    taken = prepared(tmp_path / "d").memory.ports["mqtt"]
    with socket.create_server(("127.0.0.1", taken)):
        again = prepared(tmp_path / "d")
    assert again.memory.ports["mqtt"] != taken
    assert again.settings.bus.port == again.memory.ports["mqtt"]


def test_no_outgoing_connection_can_take_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "EPHEMERAL", tmp_path / "range")
    (tmp_path / "range").write_text("30000\t60999\n")
    assert all(port < 30_000 for port in ports.assign(map(str, range(50)), {"0": 40_000}).values())


@pytest.mark.parametrize("text", ["1024 65535", "", "odd", None])
def test_there_are_ports_whatever_the_system_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.setattr(ports, "EPHEMERAL", tmp_path / "range")
    if text is not None:
        (tmp_path / "range").write_text(text)
    assert len(set(ports.assign(weed.PORTS, {}, fits=weed.fits).values())) == len(weed.PORTS)


def test_all_ports_are_different_and_fit_the_store() -> None:
    chosen = ports.assign(["mqtt", *weed.PORTS], {"mqtt": 1, "s3": 1}, fits=weed.fits)
    every = [chosen["mqtt"], *weed.listening(chosen).values()]
    assert len(set(every)) == len(every) == len(weed.PORTS) + 2
    assert max(every) < 65_536


def test_the_user_s_file_and_flags_reach_the_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_COMPAT__PEOPLE_COUNTER", "true")
    monkeypatch.setenv("HEADWAY_BUS__QUEUE", "9")
    config = tmp_path / "mine.toml"
    config.write_text('[bus]\nprefix = "mine"\nqueue = 7\n[ingest]\ninterval = 3\n')
    made = prepared(tmp_path / "d", config=config, assignments=("bus.queue=8",))
    assert made.settings.compat.people_counter
    assert made.env["HEADWAY_COMPAT__PEOPLE_COUNTER"] == "true"
    assert (made.settings.bus.prefix, made.settings.bus.queue) == ("mine", 8)
    assert made.embedded_bus
    assert made.embedded_store
    assert tomllib.loads(made.file.read_text())["ingest"] == {"interval": 3}


def test_the_environment_does_not_lead_children_to_another_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_STORE__SECRET_KEY", "another")
    made = prepared(tmp_path / "d")
    assert made.settings.store.secret() == made.memory.s3_secret_key
    assert "HEADWAY_STORE__SECRET_KEY" not in made.env


@pytest.mark.parametrize("where", ["flag", "file", "environment"])
def test_an_outside_broker_is_used_wherever_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    flags: dict[str, object] = {}
    if where == "flag":
        flags["mqtt"] = "mqtt://broker.example:1884"
    elif where == "file":
        flags["config"] = tmp_path / "mine.toml"
        (tmp_path / "mine.toml").write_text('[bus]\nhost = "broker.example"\nport = 1884\n')
    else:
        monkeypatch.setenv("HEADWAY_BUS__HOST", "broker.example")
        monkeypatch.setenv("HEADWAY_BUS__PORT", "1884")
    made = prepared(tmp_path / "d", **flags)
    assert not made.embedded_bus
    assert (made.settings.bus.host, made.settings.bus.port) == ("broker.example", 1884)
    assert made.settings.bus.secret() is None


def test_endpoints_are_as_the_contract_has_them(tmp_path: Path) -> None:
    made = prepared(tmp_path / "d")
    memory = made.memory
    assert endpoints(made, 8080) == {
        "web": {"url": "http://127.0.0.1:8080", "token": memory.web_token},
        "mqtt": {
            "host": "127.0.0.1",
            "port": memory.ports["mqtt"],
            "username": "headway",
            "password": memory.mqtt_password,
        },
        "s3": {
            "endpoint": f"127.0.0.1:{memory.ports['s3']}",
            "access_key": memory.s3_access_key,
            "secret_key": memory.s3_secret_key,
            "bucket": "people-counter-images",
            "secure": False,
        },
    }


def test_the_worker_keeps_its_name_from_start_to_start(tmp_path: Path) -> None:
    names = [load_worker(prepared(tmp_path / "d")) for _ in range(2)]
    assert names[0] == names[1]
    assert load_worker(prepared(tmp_path / "other")) != names[0], "two may share a broker"


@pytest.mark.parametrize("where", ["flag", "environment"])
def test_the_worker_s_name_may_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    if where == "environment":
        monkeypatch.setenv("HEADWAY_INFERENCE__NAME", "mine")
    chosen = ("inference.name=mine",) if where == "flag" else ()
    assert load_worker(prepared(tmp_path / "d", assignments=chosen)) == "mine"


def load_worker(made: Installation) -> str:
    return load(InferenceSettings, ["--config", str(made.file)], made.env).inference.name


def test_one_port_for_the_metrics_of_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"telemetry\.metrics_port"):
        prepared(tmp_path / "d", assignments=("telemetry.metrics_port=9100",))


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("compat.people_countr=true", "did you mean compat.people_counter"),
        ("inference.profil=light", "did you mean inference.profile"),
        ("bus.keepalive=soon", "bus.keepalive"),
    ],
)
def test_a_wrong_setting_is_found_before_anything_runs(
    tmp_path: Path, assignment: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        prepared(tmp_path / "d", assignments=(assignment,))


def test_what_is_wrong_is_looked_for_where_the_user_wrote_it(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('[ingest]\ninterval = "soon"\n')
    with pytest.raises(ConfigError, match=f"setting ingest.interval in {config}: "):
        prepared(tmp_path / "d", config=config)
    with pytest.raises(ConfigError, match=r"setting store\.bucket in --store: "):
        prepared(tmp_path / "d", store="http://h/_")


@pytest.mark.parametrize(
    ("content", "sentence"), [("x", "not TOML"), ("a = 1", "outside of any"), (None, "Cannot read")]
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: str | None, sentence: str) -> None:
    config = tmp_path / "mine.toml"
    if content is not None:
        config.write_text(content)
    with pytest.raises(UserError, match=sentence):
        prepared(tmp_path / "d", config=config)


def test_a_taken_web_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(UserError, match=rf"Port {taken} is taken.*--port"):
            prepared(tmp_path / "d", port=taken)


def test_without_a_sign_in_there_is_no_token_and_the_service_is_told(tmp_path: Path) -> None:
    made = prepared(tmp_path / "d", auth=False)
    assert endpoints(made, 8080)["web"] == {"url": "http://127.0.0.1:8080", "token": None}
    assert load(EngageSettings, ["--config", str(made.file)], made.env).engage.auth is False
