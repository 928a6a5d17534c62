"""Webhooks: what the provider that mails for us tells of bounces and complaints, at `/hooks/<provider>`.

    request ──secret there?──▶ signature ──▶ reports ──hear──▶ ledger; 200

A provider without a secret is not served. What is refused is answered 403 and nothing is said of why; what cannot be
heard at the moment 503, so that the provider sends it again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, request

from sparkpub.adapters.sns import Sns
from sparkpub.core.hooks import PROVIDERS, HookRefused, HookRequest, mailgun, postmark, sendgrid, ses
from sparkpub.core.hooks.request import BODY_MAX
from sparkpub.core.reports import Report, Seals
from sparkpub.errors import SparkpubError

Hear = Callable[[tuple[Report, ...]], None]


def hooks_blueprint(
    hear: Hear, *, seals: Seals, secrets: Mapping[str, str], now: Callable[[], datetime], sns: Sns | None = None
) -> Blueprint:
    """The addresses for providers; `secrets` holds each one's under its name, `hear` writes down what they tell."""
    listener = _Listener(hear, seals=seals, secrets=secrets, now=now, sns=sns or Sns())
    hooks = Blueprint("hooks", __name__)
    hooks.add_url_rule("/hooks/<provider>", "hook", listener.listen, methods=["POST"])
    return hooks


class _Listener:
    """Hears one request at a time, in whatever thread."""

    def __init__(
        self, hear: Hear, *, seals: Seals, secrets: Mapping[str, str], now: Callable[[], datetime], sns: Sns
    ) -> None:
        self._hear, self._seals, self._secrets, self._now, self._sns = hear, seals, secrets, now, sns

    def listen(self, provider: str) -> Response:
        """Answer a provider."""
        secret = self._secrets.get(provider, "") if provider in PROVIDERS else ""
        if not secret:
            return _answer(HTTPStatus.NOT_FOUND)
        request.max_content_length = BODY_MAX
        given = HookRequest(
            headers={name.lower(): value for name, value in request.headers.items()}, body=request.get_data(cache=False)
        )
        try:
            if found := self._reports(provider, given, secret):
                self._hear(found)
        except HookRefused:
            return _answer(HTTPStatus.FORBIDDEN)
        except SparkpubError:
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE)
        return _answer(HTTPStatus.OK)

    def _reports(self, provider: str, given: HookRequest, secret: str) -> tuple[Report, ...]:
        """What a request tells, once its sender is known."""
        match provider:
            case "ses":
                return self._of_ses(given, secret)
            case "mailgun":
                mailgun.check(given, secret, now=self._now())
                return mailgun.reports(given, self._seals)
            case "postmark":
                postmark.check(given, secret)
                return postmark.reports(given)
        sendgrid.check(given, secret)
        return sendgrid.reports(given)

    def _of_ses(self, given: HookRequest, topics: str) -> tuple[Report, ...]:
        """The same of SES; a subscription to our topic is confirmed."""
        message = ses.read(given, topics)
        ses.verify(message, self._sns.certificate(message.certificate_url))
        if message.type == "SubscriptionConfirmation":
            if not ses.is_subscribe_url(message.subscribe_url, message.topic):
                raise HookRefused("it would confirm another subscription")
            self._sns.confirm(message.subscribe_url)
        return ses.reports(message, self._seals)


def _answer(status: HTTPStatus) -> Response:
    """A bare answer."""
    return Response(status.phrase + "\n", status=status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
