"""Ask a web address whether it is ours: a question that only the holder of the key can answer."""

import hmac
import http.client
import secrets
import urllib.request

PATH = "/probe/"
_SECONDS = 10
_ANSWER_MAX = 1000


def answer(key: str, question: str) -> str:
    """What the web face answers at `/probe/<question>`."""
    return hmac.new(key.encode(), f"sparkpub.probe/{question}".encode(), "sha256").hexdigest()


def answers(url: str, key: str) -> bool:
    """Whether the web face of the press with this key answers under `url`."""
    question = secrets.token_hex(16)
    if not url.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}{PATH}{question}", timeout=_SECONDS) as reply:  # noqa: S310 - http only
            said: bytes = reply.read(_ANSWER_MAX).strip()
    except (OSError, ValueError, http.client.HTTPException):  # it may be anything that answers there
        return False
    return hmac.compare_digest(said, answer(key, question).encode())
