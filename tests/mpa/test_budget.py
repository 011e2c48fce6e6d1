"""A worker's memory for mail is bounded, and those who wait get their turn in order."""

from __future__ import annotations

import asyncio

from sealgate.mpa.budget import Budget


def test_there_is_room_up_to_the_limit():
    budget = Budget(100)

    assert [budget.try_take(60), budget.try_take(40), budget.try_take(1)] == [True, True, False]


def test_a_message_larger_than_the_budget_is_let_in_alone():
    budget = Budget(100)

    assert budget.try_take(500)
    assert not budget.try_take(1)


def test_a_message_may_grow_while_there_is_room():
    budget = Budget(100)
    budget.try_take(50)

    assert budget.grow(50, held=50)
    assert budget.used == 100


def test_a_message_may_grow_beyond_the_limit_only_when_it_is_alone():
    budget = Budget(100)
    budget.try_take(80)
    alone = budget.grow(30, held=80)
    budget.give(30)
    budget.try_take(10)

    assert alone
    assert not budget.grow(30, held=80)


def test_who_waits_gets_room_when_it_is_given_back_in_order():
    async def story() -> list[str]:
        budget, order = Budget(100), []
        budget.try_take(100)

        async def wait(name: str, size: int) -> None:
            assert await budget.take(size)
            order.append(name)

        tasks = [asyncio.create_task(wait("first", 80)), asyncio.create_task(wait("second", 20))]
        await asyncio.sleep(0)
        budget.give(50)
        await asyncio.sleep(0)
        assert order == []
        budget.give(50)
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(story()) == ["first", "second"]


def test_nobody_overtakes_those_who_wait():
    async def story() -> bool:
        budget = Budget(100)
        budget.try_take(50)
        waiting = asyncio.create_task(budget.take(80))
        await asyncio.sleep(0)
        overtakes = budget.try_take(10)
        budget.give(50)
        await waiting
        return overtakes

    assert asyncio.run(story()) is False


def test_patience_ends():
    async def story() -> tuple[bool, int]:
        budget = Budget(100, patience=0.01)
        budget.try_take(100)
        return await budget.take(10), budget.used

    assert asyncio.run(story()) == (False, 100)


def test_when_the_first_gives_up_the_next_one_is_served():
    async def story() -> list[bool]:
        budget = Budget(100, patience=0.05)
        budget.try_take(50)
        return list(await asyncio.gather(budget.take(80), budget.take(20)))

    assert asyncio.run(story()) == [False, True]


def test_who_goes_away_while_waiting_takes_nothing():
    async def story() -> int:
        budget = Budget(100)
        budget.try_take(100)
        waiting = asyncio.create_task(budget.take(10))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        budget.give(100)
        return budget.used

    assert asyncio.run(story()) == 0


def test_who_goes_away_in_the_moment_of_being_served_gives_it_back():
    async def story() -> int:
        budget = Budget(100)
        budget.try_take(100)
        waiting = asyncio.create_task(budget.take(10))
        await asyncio.sleep(0)
        budget.give(100)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return budget.used

    assert asyncio.run(story()) == 0
