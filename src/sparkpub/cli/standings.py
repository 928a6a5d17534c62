"""What the commands that look and decide have in common: how an occurrence is told, and what waits for a person."""

from typing import Any

from sparkpub.adapters.ledger import Inquiry
from sparkpub.cli.face import Face
from sparkpub.core.decisions import Account
from sparkpub.core.instants import instant_text
from sparkpub.core.model import Anniversary, Every, Issue, Match, Milestones, Status
from sparkpub.core.records import Decision, QueueState, Verdict
from sparkpub.core.schedule import event_date
from sparkpub.core.words import is_old_style
from sparkpub.errors import CopyError, LostLedgerError
from sparkpub.queueing import NO_ACCOUNT, Standing, account, has_no_end


def known_account(face: Face) -> Account:
    """What the ledger says, or nothing on a copy, which may read all the same."""
    try:
        return account(face.press_to_read().ledger)
    except CopyError:
        return NO_ACCOUNT
    except LostLedgerError as lost:
        face.say(str(lost))
        return NO_ACCOUNT


def queue_word(issue: Issue, known: Account) -> str:
    """The state of an issue in one word: draft, held, queued or unqueued."""
    state = known.states.get(issue.id)
    if issue.status is Status.DRAFT:
        return "draft"
    if issue.status is Status.HOLD or issue.id in known.doubled or (state and state.state is QueueState.HELD):
        return "held"
    return "queued" if state and state.state is QueueState.QUEUED else "unqueued"


def missed(known: Account) -> list[Decision]:
    """What was missed and neither released nor skipped since, in the order of the dates."""
    released = {(release.issue_id, release.number) for release in known.releases}
    found = (decision for decision in known.decisions if decision.verdict is Verdict.MISSED)
    waiting = (decision for decision in found if (decision.issue_id, decision.number) not in released)
    return sorted(waiting, key=lambda decision: (decision.on, decision.issue_id))


def how_to_go_on(reason: str) -> str:
    """What to type, or do, where everything is stopped."""
    if "file STOP" in reason:
        return "`rm STOP` lets it go on"
    if "clock" in reason:
        return "it goes on then; if it should now, look whether the clock is right (--now in a rehearsal counts too)"
    return "`sparkpub resume` goes on"


def command_for(inquiry: Inquiry) -> str:
    """What a person may want to type about mail that waits."""
    if inquiry.verb:
        return f"sparkpub subscribers {inquiry.verb} {inquiry.address}"
    return f"sparkpub inbox settle {inquiry.number}"


def standing_json(standing: Standing) -> dict[str, Any]:
    """One row of `calendar --json`."""
    occurrence = standing.due.occurrence
    return {
        "issue": standing.due.issue.id,
        "number": occurrence.number,
        "date": occurrence.on.isoformat(),
        "local": occurrence.local.isoformat(),
        "utc": instant_text(occurrence.at),
        "state": standing.state.value,
        "why": "; ".join(standing.why),
    }


def words(standing: Standing, *more: str) -> str:
    """An occurrence in one line: `Sat 2027-09-04 07:00 +0300, N = 110  (4 Sep, as printed; …)`."""
    occurrence = standing.due.occurrence
    number = f", N = {occurrence.number}" if occurrence.number else ""
    notes = "; ".join(filter(None, (*more, *standing.why)))
    return f"{occurrence.on:%a} {occurrence.on} {occurrence.local:%H:%M %z}{number}{f'  ({notes})' if notes else ''}"


def printed_words(issue: Issue) -> str:
    """What the editor of an Old Style piece has to know: which day was chosen, and how to choose the other."""
    rule = issue.rule
    if not isinstance(rule, Anniversary) or rule.match is not Match.NOMINAL or not is_old_style(rule):
        return ""
    event_on = event_date(rule)
    new_style = f"New Style {event_on.day} {event_on:%b}: `match: converted`"
    if rule.of.day is None:
        return new_style
    month = f"{event_on.replace(month=rule.of.month, day=1):%b}"
    return f"{rule.of.day} {month}, as printed; {new_style}"


def old_zones_words() -> str:
    """What to say where other programs on this machine may reckon other hours than ours; "" where they agree."""
    from sparkpub.adapters.zones import system_tzdata_version, tzdata_version

    systems, ours = system_tzdata_version(), tzdata_version()
    if systems is None or systems >= ours:
        return ""
    return f"the system's time zone data ({systems}) are older than ours ({ours}), which are used"


def endless_words(issue: Issue) -> str:
    """How often a piece comes back for ever: `every year, no end`; "" where it ends."""
    if not has_no_end(issue) or not isinstance(issue.rule, Anniversary):
        return ""
    year = "year of its calendar" if issue.rule.match is Match.CALENDAR else "year"
    match issue.rule.choice:
        case Every(step=1):
            return f"every {year}, no end"
        case Every(step=step):
            return f"every {step} {year.replace('year', 'years')}, no end"
        case Milestones():
            return "every 10 and 25 years, from the 100th on every 25, no end"
    return ""
