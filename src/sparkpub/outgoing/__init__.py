"""Letters on their way out: from claimed deliveries to messages, at the pace that is allowed, each with its result.

quota, canary, brake ─▶ how many may be claimed       pacing ─▶ when the next may leave
sealing ─▶ letters ─▶ a delivery as its message, signed     commits ─▶ intents and results, written together
bag ───────────▶ all of it as the post that a transport works for
"""

from sparkpub.outgoing.bag import LATE, Mailbag, Progress
from sparkpub.outgoing.brake import brake
from sparkpub.outgoing.canary import Resting
from sparkpub.outgoing.letters import OutgoingLetter

__all__ = ["LATE", "Mailbag", "OutgoingLetter", "Progress", "Resting", "brake"]
