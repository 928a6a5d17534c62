"""Reports: from the bytes of a message that came back to what it says of which reader.

report   Report and its words                    mime    a message taken apart within bounds
seals    what of it only we can have written     dsn     RFC 3464, and what servers write in free form
arf      complaints (RFC 5965)                   people  wishes to leave, auto-replies, mail of people
reading  all of them in their order
"""

from sparkpub.core.reports.reading import read_report
from sparkpub.core.reports.report import Report, ReportKind, Voucher
from sparkpub.core.reports.seals import Seals

__all__ = ["Report", "ReportKind", "Seals", "Voucher", "read_report"]
