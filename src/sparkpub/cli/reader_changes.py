"""One reader's record: shown, changed, moved, erased, suppressed."""

from typing import Any

import click

from sparkpub.cli.face import Face, common, confirm, plural
from sparkpub.cli.reader_rows import reader_json
from sparkpub.cli.tables import table
from sparkpub.core.wishes import Rhythm
from sparkpub.errors import UsageError
from sparkpub.readers.readership import Changes, change_reader, erase_reader, move_reader, suppress_address
from sparkpub.readers.subscribing import everything_about, find_reader, usable_address

_SAID = "What was said"
_TABLES = {
    "deliveries": {"release": "Delivery", "state": "State", "at": "At", "code": _SAID},
    "reports": {"release": "What came back", "kind": "Kind", "meaning": "Meaning", "at": "At", "words": _SAID},
    "letters": {"kind": "Letter", "state": "State", "at": "At", "code": _SAID},
}


@click.command("show")
@click.argument("address")
@common
def show_command(face: Face, address: str) -> int:
    """Show all that is kept of one reader.

    With --json it is the document that a reader may ask for.
    """
    press = face.press_to_read()
    known = everything_about(press, find_reader(press, address))
    face.show(known, lambda: _record(known))
    return 0


def _record(known: dict[str, Any]) -> str:
    """All that is kept of a reader, as people read it."""
    rows = [(key, value) for key, value in known.items() if not isinstance(value, (list, dict)) and value]
    rows += [(key, ", ".join(known[key])) for key in ("tags", "wishes") if known[key]]
    rows += [(f"attribute {key}", value) for key, value in known["attributes"].items()]
    width = max(len(key) for key, _ in rows)
    lines = [f"{key.replace('_', ' '):<{width}}  {value}" for key, value in rows]
    for title, head in _TABLES.items():
        if known[title]:
            lines += ["", table(head, [{name: row[name] or "" for name in head} for row in known[title]])]
    return "\n".join(lines)


@click.command("set")
@click.argument("address")
@click.option("--name", metavar="NAME", help="The reader's name; empty takes it away.")
@click.option("--language", metavar="CODE", help="The reader's language, like en or pt-BR.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Add a tag; repeatable.")
@click.option("--untag", "untags", multiple=True, metavar="TAG", help="Take a tag away; repeatable.")
@click.option("--attribute", "pairs", multiple=True, metavar="KEY=VALUE", help="Set an attribute; KEY= takes it away.")
@click.option("--without-series", multiple=True, metavar="SERIES", help="Mail them no piece of it; repeatable.")
@click.option("--with-series", multiple=True, metavar="SERIES", help="Mail them its pieces again; repeatable.")
@click.option("--without-tag", "without_tags", multiple=True, metavar="TAG", help="Mail them no piece with this tag.")
@click.option("--with-tag", "with_tags", multiple=True, metavar="TAG", help="Mail them such pieces again.")
@click.option("--from-beginning", multiple=True, metavar="SERIES", help="Each past piece of it on its date, once.")
@click.option("--rhythm", type=click.Choice([r.value for r in Rhythm]), help="Each piece, or a digest.")
@click.option("--round-only/--every-piece", default=None, help="Only round anniversaries, or all.")
@common
def set_command(face: Face, address: str, pairs: tuple[str, ...], rhythm: str | None, **given: Any) -> int:  # noqa: ANN401 - as click read them
    """Change what is known of a reader, or what they wish for.

    What is not named stays. Whether they are mailed at all is not changed here.
    """
    round_only = given.pop("round_only")
    changes = Changes(
        **given,
        attributes=dict(map(_pair, pairs)),
        rhythm=Rhythm(rhythm) if rhythm else None,
        is_round_only=round_only,
    )
    if changes == Changes():
        raise UsageError("nothing to change was named; `sparkpub subscribers set --help` lists what can be")
    reader = change_reader(face.press_to_write(), address, changes, now=face.now())
    face.show(reader_json(reader), lambda: f"{reader.address} is changed")
    return 0


def _pair(text: str) -> tuple[str, str]:
    """An attribute as typed.

    Raises:
        UsageError: it has no =.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--attribute '{text[:80]}' has no =; write it like town=Kraków")
    return key, " ".join(value.split())


@click.command("move")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@common
def move_command(face: Face, old: str, new: str) -> int:
    """Reach a reader at another address from now on.

    Their history and their wishes stay, and what waits for them goes to the new address. The old one stays suppressed
    if it was.
    """
    reader = move_reader(face.press_to_write(), old, new, now=face.now())
    face.show(reader_json(reader), lambda: f"{old} is {reader.address} from now on")
    return 0


@click.command("erase")
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def erase_command(face: Face, address: str, yes: bool) -> int:
    """Forget a reader, for good.

    Name, address and all that was said are gone; a keyed hash stays, so that a suppression holds on and no list
    brings the address back. Backups made before still have it. It asks first; without a terminal it needs --yes.
    """
    press = face.press_to_write()
    usable = usable_address(address)
    reader = press.ledger.find_subscriber(usable)
    if reader is None and press.ledger.suppression(usable) is None and not press.ledger.has_traces(usable):
        raise UsageError(f"nothing is known of {usable}")
    sent = len(press.ledger.deliveries_of(reader.subscriber_id)) if reader else 0
    confirm(f"erase {usable}, {reader.state if reader else 'no reader'}, in {plural(sent, 'release')}", yes=yes)
    is_erased = erase_reader(press, usable, now=face.now())
    told = "is erased; backups made before still have it" if is_erased else "is known by a keyed hash alone already"
    face.show({"email": usable, "erased": is_erased}, lambda: f"{usable} {told}")
    return 0


@click.command("suppress")
@click.argument("address")
@click.option("--reason", default="by hand", show_default=True, metavar="WORDS", help="Why, for whoever asks later.")
@common
def suppress_command(face: Face, address: str, reason: str) -> int:
    """Never mail an address again, whoever it is.

    No list or form that brings it changes that; `unsuppress` does.
    """
    press = face.press_to_write()
    usable, is_new = suppress_address(press, address, reason=reason, now=face.now())
    told = "is never mailed again" if is_new else "was suppressed already; nothing was changed"
    face.show({"email": usable, "suppressed": is_new}, lambda: f"{usable} {told}")
    return 0
