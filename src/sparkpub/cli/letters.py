"""Letters to single readers: posted in each round, told in a line."""

from datetime import datetime

from sparkpub.cli.face import plural
from sparkpub.core.records import DeliveryState, Subscriber
from sparkpub.errors import BusyError, InputError, TransportError, UsageError
from sparkpub.press import Press


def post_lines(press: Press, *, now: datetime) -> list[str]:
    """Post the letters that are due; what was done, or why it could not be. No release waits for that."""
    from sparkpub.mailroom import post_letters  # and templates and Markdown, which the words below do not need

    try:
        report = post_letters(press, now=now)
    except BusyError:
        return []  # another process is at it
    except (TransportError, InputError, UsageError) as fault:
        return [f"letters    not posted: {fault}"]
    counts = (
        (report.sent, "sent"),
        (report.deferred, "deferred"),
        (report.failed, "failed"),
        (report.dropped, "no longer wanted"),
    )
    told = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    return [f"letters    {told}"] if told else []


def waiting_words(count: int) -> str:
    """How many letters wait to be posted."""
    return f"{plural(count, 'letter')} to single readers {'waits' if count == 1 else 'wait'}"


def confirmation_words(press: Press, reader: Subscriber) -> str:
    """What became of the letter that asks a reader to confirm."""
    _, state, _, code = press.ledger.letters_of(reader.subscriber_id)[-1]
    if state is DeliveryState.SENT:
        return "a confirmation was sent; the reader becomes active by following its link"
    if state in (DeliveryState.FAILED, DeliveryState.SUPPRESSED):
        return f"no confirmation went to {reader.address}: {code}"
    why = f" ({press.stopped()})" if press.stopped() else ""
    return f"a confirmation waits to be posted{why}; `sparkpub send` posts it"
