"""Settings of a worker that contradict each other."""

import pytest

from common.config import ConfigError, load
from inference.settings import InferenceSettings


def test_a_lease_outlasts_the_settling_of_a_claim() -> None:
    flags = ["--inference.settle", "1", "--inference.lease"]
    assert load(InferenceSettings, [*flags, "3"], {}).inference.lease == 3
    with pytest.raises(ConfigError, match=r"inference.lease must be 3 times inference.settle or more"):
        load(InferenceSettings, [*flags, "2.9"], {})


def test_no_picture_is_given_up_before_a_second_is_over() -> None:
    with pytest.raises(ConfigError, match=r"inference\.model_timeout"):
        load(InferenceSettings, ["--inference.model_timeout", "0.9"], {})
