"""The sharing out of workers: priority first, then fair between users, and nothing idle that is wanted."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from automl.service.queue import Asking, Need, share_out

GPU = Need(cpus=1, gpus=1)


def ask(
    name: str, user: str = "ann", priority: int = 0, order: int = 0, workers: int = 8, **more: object
) -> Asking:
    return Asking(name, user, priority, order, workers, **more)  # type: ignore[arg-type]


def workers(asking: list[Asking], capacity: Need, **more: int) -> dict[str, int]:
    return {name: grant.workers for name, grant in share_out(asking, capacity, **more).items()}


def test_one_search_gets_what_there_is_within_what_it_wants() -> None:
    assert workers([ask("a", workers=3)], Need(8, 0)) == {"a": 3}
    assert workers([ask("a", workers=30)], Need(8, 0)) == {"a": 8}
    assert workers([ask("a", need=Need(1, 0.25))], Need(100, 1)) == {"a": 4}


def test_users_share_and_a_user_of_many_searches_gets_no_more() -> None:
    asking = [ask("a", "ann", order=0), ask("b", "ann", order=1), ask("c", "bob", order=2)]
    assert workers(asking, Need(8, 0)) == {"a": 4, "b": 0, "c": 4}
    assert workers([ask("a", "ann", order=0, workers=1), *asking[1:]], Need(8, 0)) == {"a": 1, "b": 3, "c": 4}


def test_a_higher_priority_goes_first_and_the_rest_gets_what_is_left() -> None:
    asking = [ask("a", workers=8, order=0), ask("b", "bob", priority=5, order=1, workers=6)]
    assert workers(asking, Need(8, 0)) == {"a": 2, "b": 6}
    grants = share_out([asking[0], ask("b", "bob", 5, 1, 8)], Need(8, 0))
    assert grants["a"].waits_for == "1 search of a higher priority"


def test_who_waits_is_told_for_what() -> None:
    grants = share_out([ask("a", order=0), ask("b", order=1)], Need(8, 0))
    assert grants["a"].waits_for is None
    assert grants["b"].waits_for == "a free worker: 8 are in use by 1 search"
    (grant,) = share_out([ask("a", need=GPU)], Need(4, 0)).values()
    assert grant.waits_for == "a worker of 1 CPUs and 1 GPUs: the cluster has 4 CPUs and 0 GPUs in all"


def test_small_ones_pass_large_ones_that_do_not_fit() -> None:
    asking = [ask("big", order=0, need=Need(1, 4)), ask("small", "bob", order=1, need=GPU)]
    assert workers(asking, Need(64, 2)) == {"big": 0, "small": 2}


def test_so_many_searches_run_at_once() -> None:
    asking = [ask(name, name, order=i) for i, name in enumerate("abc")]
    assert workers(asking, Need(6, 0), most_searches=2) == {"a": 3, "b": 3, "c": 0}


@st.composite
def queues(draw: st.DrawFn) -> list[Asking]:
    n = draw(st.integers(0, 12))
    return [
        ask(
            f"s{i}",
            draw(st.sampled_from("uvw")),
            draw(st.integers(-1, 2)),
            i,
            draw(st.integers(0, 9)),
            need=Need(draw(st.sampled_from([0.5, 1.0, 4.0])), draw(st.sampled_from([0.0, 0.25, 1.0, 2.0]))),
        )
        for i in range(n)
    ]


@given(queues(), st.integers(0, 32), st.integers(0, 4))
def test_nothing_is_given_twice_and_nothing_that_is_wanted_lies_idle(
    asking: list[Asking], cpus: int, gpus: int
) -> None:
    grants = share_out(asking, Need(cpus, gpus))
    assert set(grants) == {one.search_id for one in asking}
    used = Counter[str]()
    for one in asking:
        n = grants[one.search_id].workers
        assert 0 <= n <= one.workers
        assert (grants[one.search_id].waits_for is None) == (n > 0 or one.workers == 0)
        used["cpus"] += n * one.need.cpus  # type: ignore[assignment]
        used["gpus"] += n * one.need.gpus  # type: ignore[assignment]
    assert used["cpus"] <= cpus + 1e-6
    assert used["gpus"] <= gpus + 1e-6
    for one in asking:
        if grants[one.search_id].workers < one.workers:
            fits = used["cpus"] + one.need.cpus <= cpus and used["gpus"] + one.need.gpus <= gpus
            assert not fits


@given(queues(), st.integers(1, 32))
def test_of_equal_searches_no_user_gets_two_more_than_another(asking: list[Asking], cpus: int) -> None:
    alike = [ask(one.search_id, one.user, 0, one.order, 100) for one in asking]
    given_to = Counter[str]()
    for name, n in workers(alike, Need(cpus, 0)).items():
        given_to[next(one.user for one in alike if one.search_id == name)] += n
    if given_to:
        assert max(given_to.values()) - min(given_to.values()) <= 1
