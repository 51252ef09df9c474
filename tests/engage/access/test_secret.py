"""Passwords and random secrets."""

import pytest

from engage.access.secret import (
    PasswordRefusedError,
    TokenSecret,
    check_password,
    digest,
    hash_password,
    verify_password,
)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevensigns",
        "x" * 257,
        "aaaaaaaaaaaaaa",
        "abababababababab",
        "123456789012",
        "Password1234567",
        "PASSWORDPASSWORD",
        "1234qwertyuiop99",
        "annannannann",
        "!!!!!!!!!!!!!!!!",
        "headwayheadway",
        "ann.smith@example.org",
    ],
)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    name = "ann" if password.startswith("annann") else "ann.smith@example.org"
    with pytest.raises(PasswordRefusedError, match=r"characters|first"):
        check_password(password, name)


@pytest.mark.parametrize(
    "password",
    ["tall green tea kettle", "k3!Vq9#xPz7w", "пароль на сто лет", "日本語のとても長いひみつの言葉"],
)
def test_a_long_password_of_any_alphabet_will_do(password: str) -> None:
    check_password(password, "ann")


def test_a_hash_is_of_its_own_and_argon2id() -> None:
    first, second = (hash_password("tall green tea kettle") for _ in range(2))
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(first, "tall green tea kettle")


@pytest.mark.parametrize("kept", [None, "", "plain", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$x"])
def test_nothing_fits_what_is_no_hash(kept: str | None) -> None:
    assert not verify_password(kept, "plain")
    assert not verify_password(kept, "")


def test_a_wrong_or_endless_password_does_not_fit() -> None:
    kept = hash_password("tall green tea kettle")
    assert not verify_password(kept, "tall green tea kettles")
    assert not verify_password(kept, "x" * 1_000_000)


def test_a_token_is_read_as_it_was_written() -> None:
    made = TokenSecret.new()
    assert TokenSecret.parse(made.text) == made
    assert made.matches(digest(made.secret))
    assert not made.matches(digest("another"))


@pytest.mark.parametrize(
    "text", ["", "hw_", "hw_a_b", "hw_../x_" + "a" * 43, "HW_a_" + "a" * 43, "hw_a_" + "a" * 44]
)
def test_what_is_no_token(text: str) -> None:
    assert TokenSecret.parse(text) is None
