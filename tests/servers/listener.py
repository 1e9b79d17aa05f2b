"""The end of a listening socket."""

from __future__ import annotations

import asyncio


async def close_listener(server: asyncio.Server) -> None:
    """Take no more connections; one that has just been taken is served like those before it.

    asyncio drops such a connection, and never closes it, when its server closes before the loop's next turn
    (Python 3.11: `Server._attach` asserts, and nobody hears of it).
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        loop.remove_reader(listening.fileno())
    # It is attached, then its protocol begins, then its task.
    for _ in range(3):
        await asyncio.sleep(0)
    server.close()
