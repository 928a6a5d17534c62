"""What providers that mail for us tell by their webhooks, as reports; each has one module.

request   what came in, and JSON that is not trusted        ses       Amazon SES by way of SNS, signed by certificate
mailgun   signed by HMAC                                    postmark  known by a password
sendgrid  signed by ECDSA

A module checks who speaks and maps events to reports. What is delivered, opened or clicked is passed over: sparkpub
does not watch readers.
"""

from sparkpub.core.hooks import mailgun, postmark, sendgrid, ses
from sparkpub.core.hooks.request import HookRefused, HookRequest

PROVIDERS = ("ses", "mailgun", "postmark", "sendgrid")

__all__ = ["PROVIDERS", "HookRefused", "HookRequest", "mailgun", "postmark", "secret_name", "sendgrid", "ses"]


def secret_name(provider: str) -> str:
    """The name of a provider's secret, in the environment or in secrets.env."""
    return f"SPARKPUB_HOOK_{provider.upper()}_SECRET"
