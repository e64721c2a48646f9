"""The users of the app, as the logs print them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from random import Random

from sparkify.sample.lexicon import LEXICON, json_text, phrase
from sparkify.sample.month import DAY_S, MONTH_START_S


@dataclass(slots=True)
class User:
    """The constant parts of a user's log lines, in their order, and the user's state."""

    head: str
    name: str
    location: str
    account: str
    tail: str
    level: str = "free"
    is_listening: bool = False


NOBODY = User(
    ',"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":',
    ',"lastName":null,"length":',
    ',"location":null,"method":',
    ',"registration":null,"sessionId":',
    ',"userAgent":null,"userId":""}',
)
"""What the logs print of a visitor who is logged out."""


def users(rng: Random, count: int) -> tuple[list[User], list[float]]:
    """The users, two of them of one name, and the running sum of their activity."""
    names = [(rng.choice(LEXICON["first"]), phrase(rng, ["name"])) for _ in range(count)]
    names[1] = names[0]
    people = [_user(rng, number, *name) for number, name in enumerate(names)]
    activity = [min(12.0, 0.2 + rng.lognormvariate(-0.3, 1.3)) for _ in people]
    for user, amount in zip(people, activity, strict=True):
        user.level = "paid" if amount > rng.uniform(1.0, 1.4) else "free"
    return people, list(accumulate(activity))


def _user(rng: Random, number: int, first: str, last: str) -> User:
    location = phrase(rng, ["name, state", "name-name, state", "name-name-name, state"])
    registration = (MONTH_START_S - rng.randint(1, 40 * DAY_S)) * 1000 + rng.randint(1, 999)
    system = rng.choice(LEXICON["system"])
    chrome = f"Chrome/3{rng.randint(5, 7)}.0.{rng.randint(1916, 2062)}.{rng.randint(90, 145)}"
    engine = f"AppleWebKit/537.36 (KHTML, like Gecko) {chrome} Safari/537.36"
    agent = f'"Mozilla/5.0 ({system}) {engine}"'  # the quotes are part of the text
    if rng.random() < 0.27:
        agent = f"Mozilla/5.0 ({system}; rv:31.0) Gecko/20100101 Firefox/31.0"
    gender = rng.choice("FFM")
    return User(
        f',"auth":"Logged In","firstName":"{first}","gender":"{gender}","itemInSession":',
        f',"lastName":"{last}","length":',
        f',"location":{json_text(location)},"method":',
        f',"registration":{registration}.0,"sessionId":',
        f',"userAgent":{json_text(agent)},"userId":"{number + 2}"}}',
    )
