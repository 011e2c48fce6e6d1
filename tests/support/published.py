"""A list of networks that somebody publishes at an address, for whatever fetches it over DNS, TLS and HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.outside_sources import Page

if TYPE_CHECKING:
    from tests.support.outside_sources import OutsideSources

HOST, PATH = "lists.example", "/networks.txt"
ADDRESS = f"https://{HOST}{PATH}"


@dataclass
class Published:
    """The list at `ADDRESS`: what a test says it is."""

    outside: OutsideSources

    @property
    def settings(self) -> str:
        """Return the lines of `sealgate.toml` by which a gateway reaches it."""
        return (
            f'provider_nameservers = ["{self.outside.address}"]\n'
            f'provider_ca_file = "{self.outside.ca_file}"\n'
            "provider_private = true\n"
        )

    def says(self, *networks: str) -> None:
        """Publish these networks."""
        self.outside.pages[HOST, PATH] = Page("\n".join(networks).encode())

    def fails(self) -> None:
        """Answer nothing usable."""
        self.outside.pages[HOST, PATH] = Page(status=503)

    @property
    def asked(self) -> int:
        """How often the list was asked for."""
        return sum(request.target.startswith(PATH) for request in self.outside.asked)
