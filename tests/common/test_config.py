"""Settings from file, environment and flags, and the one sentence for each that cannot be used."""

from pathlib import Path

import pytest
import trustme
from pydantic import Field, SecretStr

from common.config import ConfigError, load
from common.settings import CommonSettings, Section

CANARY = "canary-7f3a"


class EngageSection(Section):
    flows: tuple[str, ...] = Field((), description="some names")
    token: SecretStr | None = Field(None, description="something secret")


class Settings(CommonSettings):
    """A service."""

    engage: EngageSection = EngageSection()


def read(
    tmp_path: Path, *, toml: str | None = None, env: dict[str, str] | None = None, argv: tuple[str, ...] = ()
) -> Settings:
    if toml is None:
        return load(Settings, argv, env or {})
    file = tmp_path / "headway.toml"
    file.write_text(toml)
    return load(Settings, ("--config", str(file), *argv), env or {})


def refusal(
    tmp_path: Path, *, toml: str | None = None, env: dict[str, str] | None = None, argv: tuple[str, ...] = ()
) -> str:
    """The sentence without the folder: one line, and never a value that may be secret."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, toml=toml, env=env, argv=argv)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert CANARY not in sentence
    return sentence.replace(f"{tmp_path}/", "")


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.bus.host, settings.bus.port, settings.store.bucket) == (
        "127.0.0.1",
        1883,
        "people-counter-images",
    )
    assert settings.compat.people_counter is False


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        toml='[bus]\nhost = "file"\nport = 1\nusername = "file"\n',
        env={"HEADWAY_BUS__PORT": "2", "HEADWAY_BUS__USERNAME": "environment"},
        argv=("--bus.username", "flag"),
    )
    assert (settings.bus.host, settings.bus.port, settings.bus.username) == ("file", 2, "flag")


@pytest.mark.parametrize("value", ["true", "1", "yes", "True"])
def test_switches_in_the_environment(tmp_path: Path, value: str) -> None:
    assert read(tmp_path, env={"HEADWAY_COMPAT__PEOPLE_COUNTER": value}).compat.people_counter


def test_switches_as_flags(tmp_path: Path) -> None:
    assert read(tmp_path, argv=("--compat.people_counter",)).compat.people_counter
    on = "[compat]\npeople_counter = true\n"
    assert not read(tmp_path, toml=on, argv=("--no-compat.people_counter",)).compat.people_counter


@pytest.mark.parametrize(
    ("env", "argv"),
    [
        ({"HEADWAY_ENGAGE__FLOWS": "a,b"}, ()),
        ({"HEADWAY_ENGAGE__FLOWS": '["a", "b"]'}, ()),
        ({}, ("--engage.flows", "a", "--engage.flows", "b")),
        ({}, ("--engage.flows", "a,b")),
    ],
)
def test_lists(tmp_path: Path, env: dict[str, str], argv: tuple[str, ...]) -> None:
    assert read(tmp_path, env=env, argv=argv).engage.flows == ("a", "b")


def test_one_file_serves_every_service(tmp_path: Path) -> None:
    toml = "[ingest]\nwhatever = 1\n[inference]\nelse = 2\n[bus]\nport = 5\n"
    env = {"HEADWAY_INGEST__WHATEVER": "1", "HEADWAY_CACHE": "/tmp", "OTHER": "x"}
    assert read(tmp_path, toml=toml, env=env).bus.port == 5


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[bus]\nhots = 'x'\n", "unknown setting bus.hots in headway.toml; did you mean bus.host?"),
        ("[bsu]\nhost = 'x'\n", "unknown setting bsu in headway.toml; did you mean bus?"),
        (
            "[engage]\nflow = ['x']\n",
            "unknown setting engage.flow in headway.toml; did you mean engage.flows?",
        ),
        ("zzz = 1\n", "unknown setting zzz in headway.toml"),
        ("bus = 3\n", "setting bus in headway.toml: not a table"),
        (f"[bus]\npassword = 3{CANARY}\n", "headway.toml is not TOML: "),
        (f"[bus]\npassword = '{CANARY}\n", "headway.toml is not TOML: "),
        (
            f"[bus]\npassword = ['{CANARY}']\n",
            "setting bus.password in headway.toml: Input should be a valid",
        ),
        ("[bus]\nport = 70000\n", "setting bus.port in headway.toml: Input should be less than or equal to"),
        ("[bus]\nport = 'x'\n", "setting bus.port in headway.toml: Input should be a valid integer"),
        ("[bus]\nhost = 'mqtt://x'\n", "setting bus.host in headway.toml: not a host name or address"),
        ("[bus]\nhost = 'a..b'\n", "setting bus.host in headway.toml: not a host name or address"),
        ("[bus]\nprefix = 'a/#'\n", "setting bus.prefix in headway.toml: String should match pattern"),
        (
            "[store]\nendpoint = 'http://x'\n",
            "setting store.endpoint in headway.toml: not host:port; HTTPS is",
        ),
        ("[store]\nendpoint = 'x:99999'\n", "setting store.endpoint in headway.toml: not host:port"),
        (f"[store]\nsecret_key = '{CANARY}'\n", "setting store in headway.toml: store.access_key and store."),
        (
            "[bus]\npassword_file = '/no/file'\n",
            "setting bus.password_file in headway.toml: cannot read /no/file",
        ),
        (
            "[bus]\nca_file = '/no/file'\n",
            "setting bus.ca_file in headway.toml: cannot read /no/file: No such",
        ),
        ("[store]\nca_file = '/dev/null'\n", "setting store.ca_file in headway.toml: /dev/null is empty"),
        ("[bus]\nkey_file = 'x'\n", "setting bus in headway.toml: bus.key_file needs bus.cert_file"),
        ("[bus]\ncert_file = 'x'\n", "setting bus in headway.toml: bus.cert_file and bus.key_file are no"),
        (
            "[telemetry]\nlog_level = 'loud'\n",
            "setting telemetry.log_level in headway.toml: Input should be 'de",
        ),
    ],
)
def test_a_wrong_file(tmp_path: Path, toml: str, sentence: str) -> None:
    assert refusal(tmp_path, toml=toml).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("HEADWAY_BUS__HOTS", "x", "unknown setting bus.hots in the environment; did you mean bus.host?"),
        (
            "HEADWAY_BSU__HOST",
            "x",
            "unknown setting HEADWAY_BSU__HOST in the environment; did you mean HEADW",
        ),
        ("HEADWAY_BUS", CANARY, "unknown setting HEADWAY_BUS in the environment; did you mean HEADWAY_BUS__"),
        ("HEADWAY_BUS__PORT", CANARY, "setting bus.port in the environment: Input should be a valid integer"),
        ("HEADWAY_BUS__PASSWORD__X", CANARY, "setting bus.password in the environment: Input should be"),
        ("HEADWAY_ENGAGE__FLOWS", f"[{CANARY}", "a setting in the environment is not JSON: "),
    ],
)
def test_a_wrong_environment(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    assert refusal(tmp_path, env={name: value}).startswith(sentence)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("--bus.hots", "x"), "unknown flag --bus.hots; did you mean --bus.host?"),
        ((f"--bus.pasword={CANARY}",), "unknown flag --bus.pasword; did you mean --bus.password?"),
        (("--bus.password", "x", CANARY), "there is an argument that belongs to no flag; --help lists the"),
        (("--bus.hos", "x"), "unknown flag --bus.hos; did you mean --bus.host?"),
        (("--bus.port", CANARY), "setting bus.port in the flags: Input should be a valid integer"),
        (("--bus.port",), "argument --bus.port: expected one argument; --help lists the flags"),
        (("--config", "/no/such/file"), "cannot read /no/such/file: No such file or directory"),
        (("--config", "/"), "cannot read /: Is a directory"),
    ],
)
def test_wrong_flags(tmp_path: Path, argv: tuple[str, ...], sentence: str) -> None:
    assert refusal(tmp_path, argv=argv).startswith(sentence)


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    assert refusal(tmp_path, argv=("--config", f"{tmp_path}/x")).startswith("x is not TOML")


def test_a_value_is_blamed_on_where_it_was_last_set(tmp_path: Path) -> None:
    right, wrong = "[bus]\nport = 1\n", {"HEADWAY_BUS__PORT": "x"}
    assert refusal(tmp_path, toml=right, env=wrong).startswith("setting bus.port in the environment: ")


@pytest.mark.parametrize("content", [CANARY, f"{CANARY}\n", f"{CANARY}\r\n"])
def test_secrets_from_files(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    settings = read(tmp_path, argv=("--bus.password_file", str(file)))
    assert settings.bus.secret() == CANARY


def test_a_secret_stands_in_no_text_of_the_settings(tmp_path: Path) -> None:
    settings = read(tmp_path, env={"HEADWAY_BUS__PASSWORD": CANARY, "HEADWAY_ENGAGE__TOKEN": CANARY})
    assert settings.bus.secret() == CANARY
    assert CANARY not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def test_certificates_are_read_when_the_settings_are(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("client")
    files = {name: tmp_path / name for name in ("ca", "cert", "key", "other")}
    authority.cert_pem.write_to_path(files["ca"])
    certificate.cert_chain_pems[0].write_to_path(files["cert"])
    certificate.private_key_pem.write_to_path(files["key"])
    other.issue_cert("client").private_key_pem.write_to_path(files["other"])
    flags = {f"--bus.{name}_file": str(files[name]) for name in ("ca", "cert", "key")}
    assert read(tmp_path, argv=tuple(sum(flags.items(), ()))).bus.key_file == files["key"]
    wrong_key = flags | {"--bus.key_file": str(files["other"])}
    assert "are no certificate and its key" in refusal(tmp_path, argv=tuple(sum(wrong_key.items(), ())))
    no_authority = flags | {"--bus.ca_file": str(files["key"])}
    assert "holds no certificate in PEM" in refusal(tmp_path, argv=tuple(sum(no_authority.items(), ())))


def test_help_tells_what_every_setting_is_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read(tmp_path, argv=("--help",))
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for text in ("--bus.host", "MQTT broker's host name", "HEADWAY_BUS__HOST", "--no-compat.people_counter"):
        assert text in shown
