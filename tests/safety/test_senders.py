"""Two senders of one topic are found out by the numbers of their messages; restarts and losses are none."""

from itertools import chain

from jepa_humanoid.safety.senders import SenderWatch


def heard(numbers, period=0.002):
    """What is said of messages that come one a period."""
    watch = SenderWatch()
    return [watch.hear(number, period * k) for k, number in enumerate(numbers)]


def test_one_sender_is_one():
    """Also when messages are lost, and when it is started anew."""
    assert not any(heard(range(1, 500)))
    assert not any(heard(range(1, 5000, 7)))
    assert not any(heard([*range(1, 400), *range(1, 400)]))


def test_middleware_that_does_not_tell_is_put_up_with():
    """Nothing is known then, and nothing refused."""
    assert not any(heard([None] * 20))


def test_two_senders_are_found_within_a_tenth_of_a_second():
    """Whatever their numbers: in step, far apart, in bursts, and at the 20 Hz of a planner."""
    for pairs in (zip(range(1, 50), range(1, 50), strict=True), zip(range(9000, 9050), range(1, 51), strict=True)):
        said = heard([7, 8, *chain.from_iterable(pairs)])
        assert said.index(True) <= 6
        assert all(said[6:])
    bursts = chain.from_iterable((*range(k, k + 8), *range(500 + k, 508 + k)) for k in range(1, 80, 8))
    assert 0.002 * heard(bursts).index(True) < 0.1
    assert 0.025 * heard(chain.from_iterable(zip(range(70, 90), range(20), strict=True)), 0.025).index(True) <= 0.1


def test_conflict_ends_a_second_after_the_last_message_of_the_second():
    """Whoever remains is heard again."""
    watch = SenderWatch()
    assert [watch.hear(n, 0.001 * k) for k, n in enumerate((5, 1, 6, 2))][-1]
    assert watch.hear(7, 0.9)
    assert not watch.hear(8, 1.1)
