import pytest

from tests.engage.conftest import Build
from tests.engage.site import Site


@pytest.fixture
def guarded(build: Build) -> Site:
    """A site with a sign-in, where nobody has an account."""
    return build(engage={"auth": True}).rebuilt()
