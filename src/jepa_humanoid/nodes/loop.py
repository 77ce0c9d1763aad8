"""A lean spin: subscriptions are taken straight from one long-lived wait set, everything else a little later.

rclpy's executors rebuild the wait set, a task and a handful of context managers for every callback, which costs a
500 Hz loop a third of its time. Here only subscriptions wake the process; timers, services and parameter requests are
left to an ordinary executor that is polled a few dozen times a second.
"""

import contextlib
import math
import time
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor, TimeoutException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_policy_name_from_kind
from rclpy.service import Service
from rclpy.subscription import Subscription

BACKGROUND_PERIOD = 0.05
"""Time between two looks at timers, services and parameter requests [s]; a look costs a few tenths of a millisecond."""

MOST_AT_ONCE = 20
"""Timers and services served in one look."""

LONGEST_WAIT = 0.02
"""Time after which the loop looks whether it is to stop [s]."""

Listener = Callable[[Any, int | None], None]
"""What gets a message, and its number among its sender's."""


class _OwnMessages(ReentrantCallbackGroup):
    """Keeps messages, which the loop takes, away from the executor, and leaves it what else there is to a topic."""

    def can_execute(self, entity: Any) -> bool:
        return not isinstance(entity, Subscription)


class Mailbox:
    """A subscription that wakes nobody; the newest message is taken when somebody wants it."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._handle = subscription.handle
        self._type = subscription.msg_type

    def take(self) -> Any | None:
        """Return the next message, or None if there is none."""
        taken = self._handle.take_message(self._type, False)
        return None if taken is None else taken[0]


class Loop:
    """Spins one node.

    Args:
        node: The node. Its timers and services need no special care.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._group = _OwnMessages()
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        self._listeners: list[tuple[Subscription, Listener]] = []
        self._changed = True
        self._stopped = False
        self._on_time: Callable[[float], float] | None = None
        self._next_time = math.inf

    def listen(
        self, message_type: Any, topic: str, callback: Listener, qos: QoSProfile, raw: bool = False
    ) -> Subscription:
        """Subscribe; the callback runs in the thread that spins, right after the message has come.

        Args:
            message_type: Message class.
            topic: Its name.
            callback: Gets the message, and its number among its sender's, or None where the middleware does not tell.
            qos: Quality of service.
            raw: Hand over the message's bytes instead.
        """
        subscription = self._subscribe(message_type, topic, qos, raw)
        self._listeners.append((subscription, callback))
        self._changed = True
        return subscription

    def mailbox(self, message_type: Any, topic: str, qos: QoSProfile) -> tuple[Subscription, Mailbox]:
        """Subscribe without being woken."""
        subscription = self._subscribe(message_type, topic, qos, raw=False)
        return subscription, Mailbox(subscription)

    def _subscribe(self, message_type: Any, topic: str, qos: QoSProfile, raw: bool) -> Subscription:
        def say(event: Any) -> None:
            policy = qos_policy_name_from_kind(event.last_policy_kind).lower()
            ours = getattr(qos, policy, None)
            self._node.get_logger().warning(
                f"{topic}: somebody's messages do not arrive here, for their quality of service does not fit: "
                f"publish with {policy} {ours.name if ours is not None else 'as docs/topics.md says'}"
            )

        return self._node.create_subscription(
            message_type,
            topic,
            lambda _: None,  # the loop takes messages itself
            qos,
            callback_group=self._group,
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=say, use_default_callbacks=False),
            raw=raw,
        )

    def forget(self, subscription: Subscription) -> None:
        """Undo `listen` or `mailbox`."""
        self._listeners = [entry for entry in self._listeners if entry[0] is not subscription]
        self._changed = True
        self._node.destroy_subscription(subscription)

    def call_at(self, callback: Callable[[float], float] | None, when: float = 0.0) -> None:
        """Have a callback run at a time that it moves itself.

        Args:
            callback: Gets the monotonic time and returns when to be called next [s]; None to have none.
            when: Monotonic time of the first call [s].
        """
        self._on_time = callback
        self._next_time = math.inf if callback is None else when

    def reschedule(self, when: float) -> None:
        """Move the next call of the timed callback to a monotonic time [s]."""
        self._next_time = when

    def stop(self) -> None:
        """Make `spin` return; safe in a signal handler and from another thread."""
        self._stopped = True

    def spin(self) -> None:
        """Run callbacks until `stop`, or until the context is shut down."""
        context = self._node.context
        next_background = time.monotonic()
        with contextlib.ExitStack() as held:
            while not self._stopped and context.ok():
                if self._changed:
                    self._changed = False
                    held.close()
                    listeners = self._hold_listeners(held)
                    wait_set = _rclpy.WaitSet(len(listeners), 0, 0, 0, 0, 0, context.handle)
                wait_set.clear_entities()
                for _, handle, *_ in listeners:
                    wait_set.add_subscription(handle)
                wait = min(min(next_background, self._next_time) - time.monotonic(), LONGEST_WAIT)
                if listeners:
                    wait_set.wait(max(0, int(wait * 1e9)))
                    for k, handle, message_type, raw, callback in listeners:
                        if wait_set.is_ready("subscription", k):
                            taken = handle.take_message(message_type, raw)
                            if taken is not None:
                                callback(taken[0], taken[1]["publication_sequence_number"])
                            if self._changed:
                                break
                elif wait > 0.0:
                    time.sleep(wait)
                now = time.monotonic()
                if now >= self._next_time and self._on_time is not None:
                    self._next_time = self._on_time(now)
                if now >= next_background:
                    self._spin_background()
                    next_background = time.monotonic() + BACKGROUND_PERIOD

    def _hold_listeners(self, held: contextlib.ExitStack) -> list[tuple[int, Any, Any, bool, Listener]]:
        """Index, handle, type, rawness and callback of all subscriptions; none is destroyed while it is held."""
        listeners: list[tuple[int, Any, Any, bool, Listener]] = []
        for subscription, callback in list(self._listeners):
            with contextlib.suppress(InvalidHandle):
                held.enter_context(subscription.handle)
                entry = (len(listeners), subscription.handle, subscription.msg_type, subscription.raw, callback)
                listeners.append(entry)
        return listeners

    def _spin_background(self) -> None:
        """Run what is ready of timers and services, without waiting for more."""
        with contextlib.suppress(TimeoutException, ShutdownException, ExternalShutdownException):
            for _ in range(MOST_AT_ONCE):
                entity: Any
                handler, entity, _ = self._executor.wait_for_ready_callbacks(timeout_sec=0)
                handler()
                error = handler.exception()
                if isinstance(error, Exception) and isinstance(entity, Service):
                    # Anybody can ask anything, a parameter of a type that does not exist for one; it gets no answer.
                    asked = f"cannot answer on {entity.service_name}: {type(error).__name__}: {error}"
                    self._node.get_logger().error(asked, throttle_duration_sec=5.0)
                elif error is not None:
                    raise error

    def close(self) -> None:
        """Let go of the node."""
        self._executor.shutdown()
