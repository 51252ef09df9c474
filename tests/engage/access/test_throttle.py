"""Nobody guesses, and nobody is locked out by another."""

import pytest

from engage.access.client import network
from engage.access.throttle import KNOWN, NAME_FROM_NETWORK, NETWORK, STRANGERS, Try
from engage.allowance import Allowances

HOME, CAFE = "203.0.113.7", "198.51.100.9"
ANN_AT_HOME, ANN_AT_CAFE = Try("ann", HOME), Try("ann", CAFE)


class Throttle:
    """The seconds to wait, as whoever tries to sign in meets it."""

    def __init__(self) -> None:
        self._allowances = Allowances()

    def take(self, attempt: Try, now: float) -> float:
        return self._allowances.take(attempt.costs(), now).wait

    def give_back(self, attempt: Try) -> None:
        self._allowances.give_back(attempt.costs())


def spend(throttle: Throttle, attempt: Try, now: float, most: int = 1000) -> int:
    """How many tries went through before it was told to wait."""
    return next((n for n in range(most) if throttle.take(attempt, now) > 0), most)


@pytest.mark.parametrize(
    ("attempt", "burst"),
    [(ANN_AT_HOME, NAME_FROM_NETWORK.burst), (Try("ann", HOME, known="d1"), KNOWN.burst)],
)
def test_a_burst_then_one_each_time_the_allowance_refills(attempt: Try, burst: int) -> None:
    throttle, refill = Throttle(), (KNOWN if attempt.known else NAME_FROM_NETWORK).refill
    assert spend(throttle, attempt, 0.0) == burst
    assert throttle.take(attempt, 0.0) == pytest.approx(refill)
    assert throttle.take(attempt, refill - 1) == pytest.approx(1)
    assert spend(throttle, attempt, refill) == 1
    assert spend(throttle, attempt, refill * burst * 2) == burst


def test_whoever_guesses_at_a_name_does_not_keep_its_owner_out() -> None:
    throttle = Throttle()
    spend(throttle, ANN_AT_CAFE, 0.0)
    assert throttle.take(ANN_AT_CAFE, 0.0) > 0
    assert throttle.take(ANN_AT_HOME, 0.0) == 0, "from elsewhere"
    assert throttle.take(Try("ann", CAFE, known="d1"), 0.0) == 0, (
        "from the same network, with a known browser"
    )
    assert throttle.take(Try("bob", CAFE), 0.0) == 0, "somebody else on that network"


def test_many_names_from_one_network_are_one_guesser() -> None:
    throttle = Throttle()
    through = sum(throttle.take(Try(f"user{n}", f"198.51.100.{n % 200}"), 0.0) == 0 for n in range(200))
    assert through == NETWORK.burst
    assert throttle.take(ANN_AT_HOME, 0.0) == 0


def test_guesses_from_everywhere_are_slowed_down_together_but_not_known_browsers() -> None:
    throttle = Throttle()
    guesses = [Try("ann", f"10.{n // 250}.{n % 250}.1") for n in range(2000)]
    assert sum(throttle.take(guess, 0.0) == 0 for guess in guesses) == STRANGERS.burst
    assert 0 < throttle.take(ANN_AT_HOME, 0.0) <= STRANGERS.refill, "a stranger waits a second, not for ever"
    assert throttle.take(Try("ann", HOME, known="d1"), 0.0) == 0
    assert sum(throttle.take(guess, float(n)) == 0 for n, guess in enumerate(guesses)) <= 2000


def test_a_success_costs_nothing_and_pays_for_no_guess() -> None:
    throttle = Throttle()
    for _ in range(50):
        assert throttle.take(ANN_AT_HOME, 0.0) == 0
        throttle.give_back(ANN_AT_HOME)
    guess = Try("bob", HOME)
    for _ in range(NAME_FROM_NETWORK.burst):
        assert throttle.take(guess, 0.0) == 0
        assert throttle.take(ANN_AT_HOME, 0.0) == 0
        throttle.give_back(ANN_AT_HOME)
    assert throttle.take(guess, 0.0) > 0, "signing in as ann between the guesses at bob does not help"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_networks(address: str, expected: str) -> None:
    assert network(address, v4=24) == expected


def test_one_site_of_ipv6_with_all_its_networks_is_one_guesser() -> None:
    throttle = Throttle()
    guesses = [Try("ann", f"2001:db8:0:{n:x}::1") for n in range(500)]
    assert sum(throttle.take(guess, 0.0) == 0 for guess in guesses) == NETWORK.burst
    assert throttle.take(Try("ann", "2001:db8:1::1"), 0.0) == 0
