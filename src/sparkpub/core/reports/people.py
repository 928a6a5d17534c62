"""Mail that is no report: answers that programs write, and what people write."""

import re
from typing import Final

from sparkpub.core.reports.mime import Mail, addresses_in, field, kind_of, parts, subject_of, text_of
from sparkpub.core.reports.report import Report, ReportKind

# RFC 3834 §2 and §5, and what programs write that are older than it.
_AUTOMATIC: Final = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "X-FC-MachineGenerated",
    "List-Id",
)
_PRECEDENCE: Final = ("bulk", "junk", "list", "auto_reply", "auto-reply")
_AWAY = re.compile(
    r"\s*(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)?:|out of (?:the )?office|automatic reply|vacation"
    r"|automatische antwort|abwesen|réponse automatique|absence|respuesta automática|risposta automatica|автоответ)",
    re.IGNORECASE,
)
_OUT = re.compile(
    r"unsubscri|opt[ -]?out|remove me|take me off|stop (?:sending|mailing)|abmeld|abbestell|désabonn|désinscri"
    r"|darme de baja|cancelar (?:la )?suscri|cancella|отпис|إلغاء الاشتراك",
    re.IGNORECASE,
)
_FIRST_WORDS = 2000


def is_automatic(message: Mail) -> bool:
    """Whether a program wrote a message by itself, so that nobody waits for what it leads to."""
    submitted = field(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no") or any(name in message for name in _AUTOMATIC):
        return True
    if field(message, "Precedence").lower() in _PRECEDENCE or field(message, "Return-Path") == "<>":
        return True
    return kind_of(message) == "multipart/report" or bool(_AWAY.match(subject_of(message)))


def read_letter(message: Mail, *, to_leave: str, to: str = "") -> Report:
    """What a person wrote. Its From proves nothing, so that it can only be shown to a person here."""
    senders = addresses_in(message, "From", "Sender", "Reply-To")
    told = addresses_in(message, "To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    subject = subject_of(message)
    text = next((text_of(part) for part in parts(message) if kind_of(part) == "text/plain"), "")
    return Report(
        kind=ReportKind.PERSON,
        sender=senders[0] if senders else "",
        subject=subject,
        wants_out=bool(_OUT.search(subject) or _OUT.search(_unquoted(text)[:_FIRST_WORDS])),
        is_to_leave=bool(to_leave) and to_leave.lower() in {address.lower() for address in (*told, to)},
    )


def _unquoted(text: str) -> str:
    """What a person wrote, without what is quoted: each of our own letters speaks of leaving."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(">"))
