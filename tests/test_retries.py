"""`perform(retry=…)`: tenacity says when to try again, the dispatcher's clock says when that is."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import tenacity

from flowlet import Delay, Dispatcher, Timeout, now, perform, until


class Flaky:
    """A service that is down for the first calls."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    def ask(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError(f"down, {self.calls}")
        return "up"


def test_retries_wait_on_the_dispatchers_clock() -> None:
    """Three failures, the times between them doubled, and no real time passes."""
    service = Flaky(3)

    def client() -> tuple[str, float]:
        answer = perform(service.ask, retry=tenacity.Retrying(wait=tenacity.wait_exponential()))
        return answer, now()

    with Dispatcher() as d:
        assert d.run(until=d.spawn(client)) == ("up", 1.0 + 2.0 + 4.0)


def test_a_limit_of_time_counts_the_dispatchers_time() -> None:
    """Tries at 0, 4, 8 and 12: the first that ends after ten seconds is the last."""
    service = Flaky(100)
    policy = tenacity.Retrying(
        wait=tenacity.wait_fixed(4), stop=tenacity.stop_after_delay(10), reraise=True
    )

    def client() -> tuple[str, float]:
        try:
            return perform(service.ask, retry=policy), now()
        except ConnectionError as error:
            return str(error), now()

    with Dispatcher() as d:
        assert d.run(until=d.spawn(client)) == ("down, 4", 12.0)


def test_who_gives_up_says_so() -> None:
    """Without `reraise` it is tenacity's own error, with the last attempt inside."""
    service = Flaky(2)
    policy = tenacity.Retrying(stop=tenacity.stop_after_attempt(2))

    with Dispatcher() as d:
        ref = d.spawn(lambda: perform(service.ask, retry=policy))
        with pytest.raises(tenacity.RetryError):
            d.run(until=ref)
    assert service.calls == 2


def test_a_result_may_be_tried_again_as_well() -> None:
    """tenacity decides what is good enough."""
    answers = iter([None, None, 7])
    policy = tenacity.Retrying(retry=tenacity.retry_if_result(lambda answer: answer is None))

    with Dispatcher() as d:
        assert d.run(until=d.spawn(lambda: perform(next, answers, retry=policy))) == 7


def test_an_until_leaves_between_two_attempts() -> None:
    """That wait is not deaf: nothing is out."""
    service = Flaky(100)
    policy = tenacity.Retrying(wait=tenacity.wait_fixed(4))

    def client() -> tuple[float, object]:
        with until(after=Delay("patience", 10)) as end:
            perform(service.ask, retry=policy)
        return now(), end.event

    with Dispatcher() as d:
        assert d.run(until=d.spawn(client)) == (10.0, Timeout("patience", 10))
    assert service.calls == 3


def test_several_actors_may_share_a_policy() -> None:
    """Each counts its own attempts."""
    services = [Flaky(2), Flaky(1), Flaky(0)]
    policy = tenacity.Retrying(wait=tenacity.wait_fixed(1), stop=tenacity.stop_after_attempt(3))

    def client(service: Flaky) -> tuple[str, float]:
        return perform(service.ask, retry=policy), now()

    with Dispatcher() as d:
        refs = [d.spawn(client, service) for service in services]
        d.run()
        assert [ref.result for ref in refs] == [("up", 2.0), ("up", 1.0), ("up", 0.0)]


@pytest.mark.parametrize("policy", [3, tenacity.AsyncRetrying()])
def test_what_is_no_policy_is_told(policy: Any) -> None:
    """A number of attempts is no policy, and a coroutine cannot be waited for."""
    with Dispatcher() as d:
        d.spawn(lambda: perform(int, retry=policy))
        with pytest.raises(TypeError, match=r"retry takes a tenacity\.Retrying"):
            d.settle()


def test_without_tenacity_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is needed only by whoever retries."""
    policy = tenacity.Retrying()
    monkeypatch.setitem(sys.modules, "tenacity", None)
    with Dispatcher() as d:
        d.spawn(lambda: perform(int, retry=policy))
        with pytest.raises(ImportError, match=r"install flowlet\[retry\]"):
            d.settle()
