"""What a try to sign in costs, so that nobody guesses and nobody is locked out by another.

Pure. A try costs one from every allowance it falls under, and a success gives it back. A browser that this
user signed in with before has its own allowance and is under no other (OWASP's device cookies): whoever
guesses at a name from elsewhere takes nothing from it. Others share by name and network, by network, and all
together.
"""

from dataclasses import dataclass

from engage.access.client import network
from engage.allowance import Allowance, Costs

_V4_NETWORK = 24
_V6_NETWORK, _V6_SITE = 64, 48
"""What one subscriber has, and what anybody may have for nothing."""

KNOWN = Allowance(10, 60)
NAME_FROM_NETWORK = Allowance(6, 180)
NETWORK = Allowance(30, 20)
STRANGERS = Allowance(120, 1)


@dataclass(frozen=True, slots=True)
class Try:
    """`known`: the digest of the browser's own mark, where it was given to it for this very name."""

    name: str
    address: str
    known: str | None = None

    def costs(self) -> Costs:
        if self.known:
            return ((("known", self.known), KNOWN),)
        near = network(self.address, _V4_NETWORK, _V6_NETWORK)
        return (
            (("name", self.name, near), NAME_FROM_NETWORK),
            (("network", network(self.address, _V4_NETWORK, _V6_SITE)), NETWORK),
            (("strangers",), STRANGERS),
        )
