"""A driver that is killed, or that another one replaces: nothing is lost, doubled or run again."""

from __future__ import annotations

import pytest

from benchmarks.faults.bench import Bench


def test_driver_that_is_killed_loses_nothing(bench: Bench) -> None:
    driver = bench.search()
    bench.wait_for("trials/*/*.json", 4, driver)
    driver.kill()
    driver.wait()
    before = bench.records()
    assert bench.ends(bench.resume()) == 0, bench.log
    assert bench.harm(before) == (0, 0, 0)
    (row,) = bench.rows("searches").iter_rows(named=True)
    assert (row["state"], row["term"], row["n_complete"]) == ("complete", 2, 12)


@pytest.mark.slow
def test_driver_that_is_killed_again_and_again_loses_nothing(bench: Bench) -> None:
    driver, before = bench.search(), {}
    for n_records in (2, 5, 9):
        bench.wait_for("trials/*/*.json", n_records, driver)
        driver.kill()
        driver.wait()
        before |= bench.records()
        driver = bench.resume()
    assert bench.ends(driver) == 0, bench.log
    assert bench.harm(before) == (0, 0, 0)


@pytest.mark.slow
def test_of_two_drivers_the_later_wins(bench: Bench) -> None:
    pause = [{"file": bench.spec()["families"][0]["file"], "space": {"pause": 0.3}}]
    first = bench.search(families=pause)
    bench.wait_for("trials/*/*.json", 2, first)
    before = bench.records()
    second = bench.resume()
    assert bench.ends(first) == 1
    assert "Term 2 of search toy-" in bench.log
    assert "is at work; term 1 ends here." in bench.log
    assert bench.ends(second) == 0, bench.log
    assert "Traceback" not in bench.log
    assert bench.harm(before) == (0, 0, 0)
    (row,) = bench.rows("searches").iter_rows(named=True)
    assert (row["state"], row["term"]) == ("complete", 2)
