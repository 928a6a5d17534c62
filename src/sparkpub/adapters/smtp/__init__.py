"""Our own SMTP client: the one asyncio room of a synchronous house."""

from sparkpub.adapters.smtp.client import deliver
from sparkpub.adapters.smtp.post import Letter, Post, Route
from sparkpub.adapters.smtp.wire import LineLostError, Timeouts

__all__ = ["Letter", "LineLostError", "Post", "Route", "Timeouts", "deliver"]
