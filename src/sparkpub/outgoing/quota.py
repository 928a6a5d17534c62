"""How many messages a day may take: rows in the ledger, so that every process and every restart counts on."""

import sys
from datetime import date, datetime

from sparkpub.adapters.ledger import Ledger
from sparkpub.core.settings import DeliverySettings

_USED, _BEGAN = "quota_used", "warm_up_began"


class Quota:
    """The day's allowance from `rate_per_day` and `warm_up`, whichever is less. Days are UTC."""

    def __init__(self, delivery: DeliverySettings, ledger: Ledger) -> None:
        """Count in this ledger."""
        self._delivery, self._ledger = delivery, ledger

    def left(self, now: datetime) -> int:
        """How many more messages may be begun today."""
        limits = [] if self._delivery.rate_per_day is None else [self._delivery.rate_per_day]
        if self._delivery.warm_up:
            began = self._ledger.fact(_BEGAN)
            day = (now.date() - date.fromisoformat(began)).days if began else 0
            if 0 <= day < len(self._delivery.warm_up):
                limits.append(self._delivery.warm_up[day])
        return max(0, min(limits) - self._used(now)) if limits else sys.maxsize

    def use(self, count: int, now: datetime) -> None:
        """Count messages that are about to be begun; call it in the transaction that claims them."""
        if self._delivery.rate_per_day is None and not self._delivery.warm_up:
            return
        if self._delivery.warm_up and not self._ledger.fact(_BEGAN):
            self._ledger.set_fact(_BEGAN, now.date().isoformat())
        self._ledger.set_fact(_USED, f"{now.date().isoformat()} {self._used(now) + count}")

    def _used(self, now: datetime) -> int:
        day, _, used = (self._ledger.fact(_USED) or "").partition(" ")
        return int(used) if day == now.date().isoformat() else 0
