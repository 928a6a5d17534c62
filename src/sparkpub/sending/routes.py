"""The relays that the settings name, with their passwords."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sparkpub.adapters.secrets import load_secret
from sparkpub.errors import UsageError
from sparkpub.press import Press

if TYPE_CHECKING:  # asyncio takes long to import, and only mailing needs it
    from sparkpub.adapters.smtp import Route


def relays(press: Press, environ: Mapping[str, str] = os.environ) -> "list[Route]":
    """The relays of the settings with their passwords, in their order."""
    from sparkpub.adapters.smtp import Route

    publication = press.publication
    if not publication.settings.smtp:
        raise UsageError('transport = "smtp" needs a relay; add [smtp.main] with its host to sparkpub.toml')
    hello = urlsplit(publication.settings.publication.base_url).hostname or "localhost"
    routes = []
    for name, relay in publication.settings.smtp.items():
        secrets = (f"SPARKPUB_SMTP_{name.upper().replace('-', '_')}_PASSWORD", "SPARKPUB_SMTP_PASSWORD")
        passwords = (load_secret(publication.folder, secret, environ) for secret in secrets)
        password = next((found for found in passwords if found is not None), None)
        if relay.username and password is None:
            raise UsageError(f"[smtp.{name}] has a username and no password; set {secrets[0]} in secrets.env")
        routes.append(
            Route(
                host=relay.host,
                port=relay.port,
                security=relay.security,
                username=relay.username,
                password=password or "",
                hello=hello,
            )
        )
    return routes
