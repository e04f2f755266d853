"""Named leases: work that one process at a time may do, free again when its holder has died.

A lease that ends later than any may was taken while the clock was ahead; it is free.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, update

from aggregator.storage.dialects import insert_into
from aggregator.storage.schema import leases

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

LONGEST = timedelta(days=1)
"""The bound of `RefreshPolicy.lease`."""


def claim(connection: Connection, name: str, holder: str, *, now: datetime, until: datetime) -> bool:
    """Take or renew the lease; False while another holder has it."""
    free = or_(leases.c.holder == holder, leases.c.until <= now, leases.c.until > now + LONGEST)
    taken = connection.execute(
        update(leases).where(leases.c.name == name, free).values(holder=holder, until=until)
    )
    if taken.rowcount:
        return True
    fresh = insert_into(connection, leases).values(name=name, holder=holder, until=until)
    made = connection.execute(fresh.on_conflict_do_nothing().returning(leases.c.name))
    return made.first() is not None


def renew(connection: Connection, name: str, holder: str, *, until: datetime) -> None:
    """Keep the lease for longer; does nothing for who does not have it."""
    held = update(leases).where(leases.c.name == name, leases.c.holder == holder)
    connection.execute(held.values(until=until))


def release(connection: Connection, name: str, holder: str) -> None:
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
