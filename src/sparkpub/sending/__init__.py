"""Send what is released, stop it, go on, and say of every reader where they stand."""

from sparkpub.sending.accounts import doubt_rows, find_release, status_rows, story
from sparkpub.sending.changes import (
    cancel_release,
    drop_uncertain,
    resend_uncertain,
    resume_release,
    retry_failed,
    stop_release,
)
from sparkpub.sending.routes import relays
from sparkpub.sending.running import SendReport, send

__all__ = [
    "SendReport",
    "cancel_release",
    "doubt_rows",
    "drop_uncertain",
    "find_release",
    "relays",
    "resend_uncertain",
    "resume_release",
    "retry_failed",
    "send",
    "status_rows",
    "stop_release",
    "story",
]
