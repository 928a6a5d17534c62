"""What comes back: notifications, complaints and wishes as servers really write them, made for one letter of ours."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from sparkpub.adapters.bounce_words import failures
from sparkpub.core.reports import Report, Seals, read_report
from sparkpub.core.tokens import Purpose, Tokens

INBOX = "bounces@press.example.org"
TO_LEAVE = "leave@press.example.org"
HOST = "press.example.org"
TOKENS = Tokens("a key for tests")
SEALS = Seals(TOKENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One letter that we sent, with all that could come back of it."""

    address: str = "ada@example.net"
    subscriber_id: int = 7
    release_id: int = 3
    release: str = "hello/100"
    tokens: Tokens = TOKENS

    @property
    def return_address(self) -> str:
        return self.tokens.return_address(INBOX, self.release_id, self.subscriber_id)

    @property
    def leave_token(self) -> str:
        return self.tokens.sign(Purpose.LEAVE, self.subscriber_id)

    @property
    def head(self) -> str:
        """The header of our letter as a server returns it."""
        by_mail = f"mailto:{TO_LEAVE}?subject={quote('unsubscribe ')}{self.leave_token}"
        return text(f"""
            From: The Small Press <editor@press.example.org>
            To: Ada <{self.address}>
            Subject: A piece
            Date: Mon, 04 Sep 2017 07:00:00 +0000
            Message-ID: {self.tokens.message_id(self.release, self.subscriber_id, HOST)}
            List-Unsubscribe: <https://press.example.org/u/{self.leave_token}>,
             <{by_mail}>
            Feedback-ID: {self.release.replace("/", ".")}:{HOST}:sparkpub
            MIME-Version: 1.0
            Content-Type: text/plain; charset="utf-8"
            """)

    @property
    def letter(self) -> str:
        return f"{self.head}\nThe text of the piece.\n"


def text(indented: str) -> str:
    return textwrap.dedent(indented).lstrip("\n")


def read(data: str | bytes, *, to: str = "") -> tuple[Report, ...]:
    """What the bytes of a message say, at the press of these tests."""
    data = data.encode() if isinstance(data, str) else data
    return read_report(data, seals=SEALS, free_form=failures, to_leave=TO_LEAVE, to=to)


def report_of(data: str | bytes, *, to: str = "") -> Report:
    """The one thing that a message says."""
    (report,) = read(data, to=to)
    return report


def multipart(kind: str, parts: list[tuple[str, str]], *, head: str) -> str:
    """A multipart/report of some type, its parts given as media type and contents."""
    lines = [head.rstrip("\n"), "MIME-Version: 1.0"]
    lines += [f'Content-Type: multipart/report; report-type={kind}; boundary="=_edge"', ""]
    for media_type, contents in parts:
        lines += ["--=_edge", f"Content-Type: {media_type}", "", contents.rstrip("\n"), ""]
    return "\n".join([*lines, "--=_edge--", ""])


def notification(to: str, said: str, status: str, *, head: str = "", original: str = "") -> str:
    """A delivery status notification (RFC 3464) with these fields, and perhaps what it returns."""
    parts = [("text/plain; charset=us-ascii", said), ("message/delivery-status", status)]
    if original:
        parts.append(("message/rfc822", original))
    opening = (
        head
        or f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net (Mail Delivery System)\nTo: {to}\nSubject: Returned"
    )
    return multipart("delivery-status", parts, head=opening)


def fields(address: str, *, status: str = "5.1.1", action: str = "failed", diagnostic: str = "", more: str = "") -> str:
    """The fields of a notification about one recipient."""
    lines = ["Reporting-MTA: dns; mx.example.net", "", f"Final-Recipient: rfc822; {address}"]
    lines += [more] if more else []
    lines += [f"Action: {action}", f"Status: {status}"]
    lines += [f"Diagnostic-Code: smtp; {diagnostic}"] if diagnostic else []
    return "\n".join(lines) + "\n"


def postfix(sent: Sent) -> str:
    said = text(f"""
        This is the mail system at host mx.example.net.

        I'm sorry to have to inform you that your message could not
        be delivered to one or more recipients. It's attached below.

        <{sent.address}>: host mail.example.net[192.0.2.7] said: 550 5.1.1
            <{sent.address}>: Recipient address rejected: User unknown in virtual mailbox
            table (in reply to RCPT TO command)
        """)
    status = text(f"""
        Reporting-MTA: dns; mx.example.net
        X-Postfix-Queue-ID: 4B1C23F5A1
        X-Postfix-Sender: rfc822; {sent.return_address}
        Arrival-Date: Mon,  4 Sep 2017 07:00:03 +0000 (UTC)

        Final-Recipient: rfc822; {sent.address}
        Original-Recipient: rfc822;{sent.address}
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; mail.example.net
        Diagnostic-Code: smtp; 550 5.1.1 <{sent.address}>: Recipient address rejected:
            User unknown in virtual mailbox table
        """)
    head = text(f"""
        Return-Path: <>
        X-Original-To: {sent.return_address}
        Delivered-To: {INBOX}
        Received: by mx.example.net (Postfix)
            id 6E2F13F5A2; Mon,  4 Sep 2017 07:00:05 +0000 (UTC)
        Date: Mon,  4 Sep 2017 07:00:05 +0000 (UTC)
        From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: {sent.return_address}
        Auto-Submitted: auto-replied
        """)
    return notification(sent.return_address, said, status, head=head, original=sent.letter)


def exim(sent: Sent) -> str:
    said = text(f"""
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          {sent.address}
            host mail.example.net [192.0.2.7]
            SMTP error from remote mail server after RCPT TO:<{sent.address}>:
            550 No Such User Here
        """)
    status = fields(
        sent.address, status="5.0.0", diagnostic="550 No Such User Here", more="Remote-MTA: dns; mail.example.net"
    )
    head = text(f"""
        Return-path: <>
        Envelope-to: {sent.return_address}
        X-Failed-Recipients: {sent.address}
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@mx.example.net>
        To: {sent.return_address}
        Subject: Mail delivery failed: returning message to sender
        """)
    return notification(sent.return_address, said, status, head=head, original=sent.head)


def exim_in_words(sent: Sent) -> str:
    return (
        text(f"""
        Return-path: <>
        Envelope-to: {sent.return_address}
        X-Failed-Recipients: {sent.address}
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@mx.example.net>
        To: {sent.return_address}
        Subject: Mail delivery failed: returning message to sender

        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          {sent.address}
            Unrouteable address

        ------ This is a copy of the message, including all the headers. ------

        """)
        + sent.letter
    )


def exchange(sent: Sent) -> str:
    said = f"Delivery has failed to these recipients or groups:\n\n{sent.address}\nThe address couldn't be found.\n"
    status = text(f"""
        Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.exchangelabs.com
        Received-From-MTA: dns;mx.press.example.org
        Arrival-Date: Mon, 4 Sep 2017 07:00:04 +0000

        Original-Recipient: rfc822;{sent.address}
        Final-Recipient: rfc822;{sent.address}
        Action: failed
        Status: 5.1.10
        Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {sent.address} not found
        """)
    head = text(f"""
        Return-Path: <>
        From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>
        To: {sent.return_address}
        Subject: Undeliverable: A piece
        Auto-Submitted: auto-replied
        """)
    return notification(sent.return_address, said, status, head=head, original=sent.letter)


def outlook_full(sent: Sent) -> str:
    diagnostic = "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException"
    return notification(
        sent.return_address,
        "Your message wasn't delivered.",
        fields(sent.address, status="5.2.2", diagnostic=diagnostic),
    )


def gmail(sent: Sent) -> str:
    status = text(f"""
        Reporting-MTA: dns; googlemail.com
        Received-From-MTA: dns; editor@press.example.org
        Arrival-Date: Mon, 04 Sep 2017 00:00:05 -0700 (PDT)
        X-Original-Message-ID: <abc@press.example.org>

        Final-Recipient: rfc822; {sent.address}
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; gmail-smtp-in.l.google.com. (192.0.2.26, the server for the domain gmail.com.)
        Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
         550-5.1.1 double-checking the recipient's email address for typos or
         550 5.1.1 unnecessary spaces. For more information, go to
         550 5.1.1  https://support.google.com/mail/?p=NoSuchUser - gsmtp
        Last-Attempt-Date: Mon, 04 Sep 2017 00:00:06 -0700 (PDT)
        """)
    head = text(f"""
        Return-Path: <>
        Received: from mail-wr1.google.com by mx.press.example.org
         for <{sent.return_address}>; Mon, 04 Sep 2017 07:00:07 +0000
        From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
        To: {sent.return_address}
        Auto-Submitted: auto-replied
        Subject: Delivery Status Notification (Failure)
        """)
    return notification(sent.return_address, "Address not found", status, head=head, original=sent.letter)


def qmail(sent: Sent) -> str:
    return (
        text(f"""
        Return-Path: <>
        Delivered-To: {sent.return_address}
        From: MAILER-DAEMON@mail.example.net
        To: {sent.return_address}
        Subject: failure notice

        Hi. This is the qmail-send program at mail.example.net.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <{sent.address}>:
        Sorry, no mailbox here by that name. (#5.1.1)

        --- Below this line is a copy of the message.

        Return-Path: <{sent.return_address}>
        """)
        + sent.letter
    )


def yahoo_in_words(sent: Sent) -> str:
    return text(f"""
        Return-Path: <>
        Delivered-To: {sent.return_address}
        From: MAILER-DAEMON@yahoo.com
        To: {sent.return_address}
        Subject: Failure Notice
        X-Mailer: YahooMailBounce

        Sorry, we were unable to deliver your message to the following address.

        <{sent.address}>:
        554: delivery error: dd This user doesn't have a yahoo.com account ({sent.address}) [0] - mta1.mail.yahoo.com
        """)


GONE: list[Callable[[Sent], str]] = [postfix, exim, exim_in_words, exchange, gmail, qmail, yahoo_in_words]
"""One for each server, all of a reader whose address is gone."""


def arf(sent: Sent, *, type_: str = "abuse", mail_from: str = "", original: str | None = None) -> str:
    """A complaint as Yahoo writes it (RFC 5965); it names no sender of ours unless told to."""
    block = text(f"""
        Feedback-Type: {type_}
        User-Agent: Yahoo!-Mail-Feedback/2.0
        Version: 0.1
        Original-Mail-From: <{mail_from}>
        Original-Rcpt-To: {sent.address}
        Received-Date: Mon, 4 Sep 2017 08:00:00 PDT
        Reported-Domain: press.example.org
        Authentication-Results: mta1.mail.yahoo.com from=press.example.org; dkim=pass (ok);
        """)
    parts = [
        ("text/plain; charset=US-ASCII", "This is an email abuse report for an email message from press.example.org."),
        ("message/feedback-report", block),
        ("message/rfc822", sent.letter if original is None else original),
    ]
    head = f"From: feedback@arf.mail.yahoo.com\nTo: {INBOX}\nSubject: FW: A piece"
    return multipart("feedback-report", parts, head=head)


def outlook_complaint(sent: Sent) -> str:
    """A complaint of Outlook.com's Junk Mail Reporting Program: no report's form, but a field that names the reader."""
    head = text(f"""
        From: staff@hotmail.com
        To: {INBOX}
        Subject: complaint about message from 192.0.2.1
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary="=_edge"

        --=_edge
        Content-Type: message/rfc822

        X-HmXmrOriginalRecipient: {sent.address}
        X-Reporter-IP: 192.0.2.99
        """)
    return f"{head}{sent.letter}\n--=_edge--\n"


def wish(sent: Sent, subject: str = "") -> str:
    said = subject or f"unsubscribe {sent.leave_token}"
    return f"From: Somebody Else <else@example.com>\nTo: {TO_LEAVE}\nSubject: {said}\n\n"


def vacation(sent: Sent) -> str:
    return text(f"""
        Return-Path: <>
        From: Ada <{sent.address}>
        To: {sent.return_address}
        Subject: Out of office: A piece
        Auto-Submitted: auto-replied (vacation)
        Precedence: bulk

        I am away until Monday. If mail comes back with 550 5.1.1 User unknown, ask Grace.
        """)


def person(
    sender: str = "ada@example.net", *, to: str = TO_LEAVE, body: str = "Please unsubscribe me. Thank you!"
) -> str:
    return f"From: Ada <{sender}>\nTo: {to}\nSubject: Your letter\nMessage-ID: <1@example.net>\n\n{body}\n"
