"""Deliver letters over SMTP: N connections to the relay that takes them, and an outcome for every letter."""

import asyncio
from collections.abc import Sequence

from sparkpub.adapters.smtp.post import L, Post, Route
from sparkpub.adapters.smtp.relays import Relays
from sparkpub.errors import TransportError


async def deliver(routes: Sequence[Route], post: Post[L], *, connections: int) -> None:
    """Deliver all of a post's letters over up to `connections` connections, by the first route that takes them.

    Raises:
        TransportError: no relay can be used; letters that were not tried were given back.
    """
    relays = Relays(routes)
    tasks = [asyncio.create_task(_work(relays, routes[0].name, post)) for _ in range(max(1, connections))]
    try:
        ends = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    failure = next((end for end in ends if end is not None), None)
    if failure is not None and (letter := await post.next(routes[0].name)) is not None:
        post.give_back(letter)
        raise failure


async def _work(relays: Relays, first: str, post: Post[L]) -> TransportError | None:
    """Keep one connection busy; why it could not be, or None when there was nothing left to do.

    A relay that hangs up again and again without a word on any letter is left alone after a few times.
    """
    letter = await post.next(first)
    while letter is not None:
        try:
            connection = await relays.connect()
        except TransportError as error:
            post.give_back(letter)
            return error
        try:
            letter = await connection.carry(letter, post)
        except TransportError as error:
            return error
        relays.note(connection)
        letter = letter or await post.next(connection.route.name)
    return None
