"""Inboxes: where mail for the press lies, and how it is noted that it was heard.

mail    one message as it lies there        files   a message, an mbox, a folder, a Maildir, the input
imap    a mailbox on a server

Each gives its mail in batches and is told of each batch once the ledger has what it says: what a crash leaves unheard
is read again.
"""

from sparkpub.adapters.inbox.files import MaildirInbox, open_files, single_message
from sparkpub.adapters.inbox.imap import ImapInbox
from sparkpub.adapters.inbox.mail import Mail

__all__ = ["ImapInbox", "Mail", "MaildirInbox", "open_files", "single_message"]
