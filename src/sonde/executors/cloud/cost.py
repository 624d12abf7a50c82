"""What machines cost: before they are started, and while they are up.

Sums of list prices or of what the user says, never asked of anybody. Disks, traffic and taxes
are not in them; a spot machine costs less than what is shown, nobody knows how much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sonde.executors.cloud.request import CloudRequest
from sonde.executors.cloud.types import HEAD, PRICE_REGION, PRICES_OF, TYPES, Choice

__all__ = ["Bill", "Span", "bill_of", "dollars", "spent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is to be started.

    Attributes:
        head, worker: Machine types.
        workers: How many at most.
        head_price, worker_price: US dollars an hour; None: unknown.
        is_spot: Whether workers may cost less.
        origin: Where the prices come from, for people.
    """

    head: str
    worker: str
    workers: int
    head_price: float | None
    worker_price: float | None
    is_spot: bool
    origin: str

    @property
    def hourly(self) -> float | None:
        """US dollars an hour when all are up; None: unknown."""
        if self.head_price is None or self.worker_price is None:
            return None
        return self.head_price + self.workers * self.worker_price

    def lines(self, timeout_s: float) -> list[str]:
        """Return it for people."""
        many = f"{self.workers} machine" + "s" * (self.workers > 1)
        spot = " spot" if self.is_spot else ""
        told = [
            f"{many} of {self.worker}{spot} at {dollars(self.worker_price)} an hour each",
            f"and a head of {self.head} at {dollars(self.head_price)}, which runs no trials",
        ]
        if self.hourly is None:
            told.append("what that comes to is unknown: --cloud-price tells it a machine's price")
        else:
            upto = "at most " if self.is_spot else ""
            told.append(f"{upto}{dollars(self.hourly)} an hour while all are up ({self.origin})")
        told.append(
            "they end with the sweep, workers that idle before it; when this process dies, "
            f"{timeout_s:g} s later"
        )
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A machine's time: from when, until when, and whether it is the head."""

    is_head: bool
    since: datetime
    until: datetime


def bill_of(request: CloudRequest, choice: Choice) -> Bill:
    """Return what so many machines are priced at."""
    prices = {one.name: one.price for one in TYPES if one.cloud == request.cloud}
    head = HEAD[request.cloud]
    price = choice.type.price if request.price is None else request.price
    origin = f"list prices of {PRICES_OF} in {PRICE_REGION[request.cloud]}, machines only"
    if request.region != PRICE_REGION[request.cloud]:
        origin += f"; {request.region} has others"
    if request.price is not None:
        origin = "a worker as you said, the head by " + origin
    return Bill(
        head=head, worker=choice.type.name, workers=choice.machines, head_price=prices[head],
        worker_price=price, is_spot=request.is_spot, origin=origin,
    )  # fmt: skip


def spent(bill: Bill, spans: Sequence[Span]) -> float | None:
    """Return the US dollars of machines' times; None: unknown."""
    if bill.hourly is None:
        return None
    total = 0.0
    for span in spans:
        hours = max(0.0, (span.until - span.since).total_seconds()) / 3600
        price = bill.head_price if span.is_head else bill.worker_price
        total += hours * (price or 0.0)
    return total


def dollars(amount: float | None) -> str:
    """Return an amount for people: `0.085 USD`, `12.30 USD`."""
    if amount is None:
        return "an unknown price"
    return f"{amount:.2f} USD" if amount >= 1 else f"{amount:.3f} USD"
