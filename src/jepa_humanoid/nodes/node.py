"""What all nodes share: life cycle, parameters, topics of the contract, diagnostics, and a `main` that ends cleanly."""

import contextlib
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any, ClassVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.exceptions import ParameterException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown

from jepa_humanoid.errors import HumanoidError
from jepa_humanoid.network import use_sockets
from jepa_humanoid.nodes.contract import SERVICES, TOPICS
from jepa_humanoid.nodes.errors import MessageError, NodeError
from jepa_humanoid.nodes.loop import Loop, Mailbox
from jepa_humanoid.nodes.parameters import COMMON_PARAMETERS, ParameterSpec
from jepa_humanoid.safety.senders import WINDOW, SenderWatch
from jepa_humanoid.scheduling import take_measures

RCLError = rclpy_implementation.RCLError

UNNAMED = "one whose name is not known yet"
"""A sender whose messages came before the middleware has told of its node."""


class Level(IntEnum):
    """Severity of a node's status, as in diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


class RobotNode(LifecycleNode):
    """A lifecycle node that starts by itself and says how it is.

    Subclasses name what they use in the class attributes, and override `configure`, `activate`, `deactivate`,
    `clean_up`, `status` and `values`, all of which may raise: the node then stays where it was and says why.

    Attributes:
        loop: Spins the node.
        outputs: The publishers of `PUBLISHES`, by topic; they are silent while the node is inactive. One whose
            message type is not installed is missing.
        active: Whether the node is active; callbacks of `listen` run only then.
        exit_status: What the process ends with.
    """

    NAME: ClassVar[str]
    DESCRIPTION: ClassVar[str] = ""
    PUBLISHES: ClassVar[tuple[str, ...]] = ()
    SUBSCRIBES: ClassVar[tuple[str, ...]] = ()
    SERVES: ClassVar[tuple[str, ...]] = ()
    PARAMETERS: ClassVar[tuple[ParameterSpec, ...]] = ()
    NICE: ClassVar[int] = 0

    def __init__(self, **arguments: Any) -> None:
        super().__init__(self.NAME, **arguments)
        for spec in self.parameter_specs():
            self.declare_parameter(spec.name, spec.default, spec.descriptor())
        # Not before: of a node that is refused nothing is left that complains when there is no context any more.
        self.loop = Loop(self)
        self.outputs: dict[str, Any] = {}
        self.active = False
        self.exit_status = 0
        self.add_on_set_parameters_callback(self._on_parameters)
        self._configured = False
        self._inputs: list[Any] = []
        self._served: list[Any] = []
        self._warned: dict[str, float] = {}
        self._conflict = ("", -WINDOW)
        self._problem: str | None = None
        self._reported: tuple[Level, str] | None = None
        self._next_report = 0.0
        diagnostics = TOPICS["diagnostics"]
        self._diagnostics = self.create_publisher(diagnostics.type, diagnostics.name, diagnostics.quality.profile)
        self.create_timer(0.1, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @classmethod
    def parameter_specs(cls) -> tuple[ParameterSpec, ...]:
        """All parameters, the common ones last."""
        common = [
            ParameterSpec(s.name, cls.NICE, s.description, s.unit, s.low, s.high) if s.name == "nice" else s
            for s in COMMON_PARAMETERS
        ]
        return (*cls.PARAMETERS, *common)

    def value(self, name: str) -> Any:
        """A parameter's value.

        Raises:
            NodeError: If it is none of the choices.
        """
        value = self.get_parameter(name).value
        spec = next((s for s in self.parameter_specs() if s.name == name), None)
        if spec is not None and spec.choices and value not in spec.choices:
            raise NodeError(f"parameter {name} is '{value}', and has to be one of: {', '.join(spec.choices)}")
        return value

    def configure(self) -> None:
        """Read parameters, build what the node is an adapter of, subscribe."""

    def change(self, name: str, value: Any) -> Callable[[], None]:
        """Look at a new value of a live parameter, and return what takes it in; raise to refuse it."""
        raise NodeError(f"{name} can only be given at the start")

    def refuse(self, topic: str, message: Any, problem: str) -> None:
        """Do what is safe about a message that nobody gets, as another sender speaks on its topic too."""

    def activate(self) -> None:
        """Start."""

    def deactivate(self) -> None:
        """Stop, such that `activate` can start again."""

    def clean_up(self) -> None:
        """Drop what `configure` built."""

    def status(self) -> tuple[Level, str]:
        """How the node is, in one line; asked ten times a second, so it has to be cheap."""
        return Level.OK, "running"

    def values(self) -> Mapping[str, object]:
        """Figures that go with the status; asked once a second."""
        return {}

    def listen(self, topic: str, callback: Callable[[Any], None], raw: bool = False) -> None:
        """Subscribe to a topic of `SUBSCRIBES`; for use in `configure`. With ``raw`` the callback gets bytes."""
        spec = self._spec(topic, self.SUBSCRIBES)
        watch = SenderWatch()

        def when_active(message: Any, number: int | None) -> None:
            try:
                if spec.exclusive and watch.hear(number, time.monotonic()):
                    self._refuse_senders(topic, message)
                elif self.active:
                    callback(message)
            except MessageError as error:
                self.warn_throttled(f"ignored what cannot be read: {error}")

        self._inputs.append(self.loop.listen(spec.type, spec.name, when_active, spec.quality.profile, raw))

    def _refuse_senders(self, topic: str, message: Any) -> None:
        problem, since = self._conflict
        now = time.monotonic()
        if not problem.startswith(f"{topic}: ") or UNNAMED in problem or now - since > WINDOW:
            infos = self.get_publishers_info_by_topic(self.resolve_topic_name(topic))
            names = sorted(UNNAMED if "UNKNOWN" in info.node_name else _full_name(info) for info in infos)
            problem = (
                f"{topic}: more than one sender ({', '.join(names)}): stop all but one, or give each robot a namespace "
                "or a ROS_DOMAIN_ID of its own"
            )
            if problem != self._conflict[0]:
                self.get_logger().error(problem)
        self._conflict = problem, now
        if self.active:
            self.refuse(topic, message, problem)

    def mailbox(self, topic: str) -> Mailbox:
        """Subscribe to a topic of `SUBSCRIBES` without being woken by it; for use in `configure`."""
        spec = self._spec(topic, self.SUBSCRIBES)
        subscription, mailbox = self.loop.mailbox(spec.type, spec.name, spec.quality.profile)
        self._inputs.append(subscription)
        return mailbox

    def serve(self, name: str, action: Callable[[], tuple[bool, str]]) -> None:
        """Offer a std_srvs/Trigger service of `SERVES`; the action returns success and message."""
        if name not in self.SERVES:
            raise NodeError(f"{type(self).__name__} does not name '{name}' in SERVES")

        def answer(_: Any, response: Any) -> Any:
            if self.active:
                response.success, response.message = action()
            else:
                response.success, response.message = False, f"{self.NAME} is not active"
            return response

        self._served.append(self.create_service(SERVICES[name].type, name, answer))

    def waiting_for(self, what: str, every: float = 5.0) -> None:
        """Warn that something has not come for a few seconds, and again every few seconds; call it meanwhile."""
        text = f"waiting for {what}"
        self._warned.setdefault(text, time.monotonic())  # at the start everybody waits a little, and that is no news
        self.warn_throttled(text, every)

    def warn_throttled(self, text: str, every: float = 5.0) -> None:
        """Log a warning unless the same was logged within the last seconds."""
        now = time.monotonic()
        if now - self._warned.get(text, -every) >= every:
            if len(self._warned) > 100:
                self._warned.clear()
            self._warned[text] = now
            self.get_logger().warning(text)

    def finish(self, exit_status: int) -> None:
        """End the process soon, with this status."""
        self.exit_status = exit_status
        self.loop.stop()

    def start(self) -> bool:
        """Configure and activate; return whether that worked."""
        success = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == success and self.trigger_activate() == success

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make publishers, and `configure`."""

        def configure() -> None:
            for name in self.PUBLISHES:
                spec = TOPICS[name]
                if spec.type is None:
                    continue
                self.outputs[name] = self.create_lifecycle_publisher(spec.type, spec.name, spec.quality.profile)
            self.configure()

        self._problem = None
        if not self._attempt("configure", configure):
            self._tear_down()
            return TransitionCallbackReturn.FAILURE
        self._configured = True
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let publishers speak, and `activate`."""
        super().on_activate(state)
        self._problem = None
        if not self._attempt("activate", self.activate):
            super().on_deactivate(state)
            return TransitionCallbackReturn.FAILURE
        self.active = True
        # The first line that a process logs makes rclpy look at every loaded module, for a tenth of a second: now, not
        # when time matters.
        self.get_logger().info("active")
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """`deactivate`, and silence publishers."""
        self.active = False
        self.loop.call_at(None)
        self._attempt("deactivate", self.deactivate)
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """`clean_up`, and drop publishers, subscriptions and services."""
        super().on_cleanup(state)
        self._tear_down()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """End from whatever state."""
        if self.active:
            self.on_deactivate(state)
        self._tear_down()
        return TransitionCallbackReturn.SUCCESS

    def _on_parameters(self, parameters: Sequence[Any]) -> SetParametersResult:
        """Take in all new values, or none."""
        if not self._configured:
            return SetParametersResult(successful=True)  # `configure` reads them
        try:
            changes = [self.change(parameter.name, parameter.value) for parameter in parameters]
        except HumanoidError as error:
            return SetParametersResult(successful=False, reason=str(error))
        for take_in in changes:
            take_in()
        return SetParametersResult(successful=True)

    def _tear_down(self) -> None:
        self._configured = False
        self._attempt("clean up", self.clean_up)
        for publisher in self.outputs.values():
            self.destroy_lifecycle_publisher(publisher)
        self.outputs.clear()
        for subscription in self._inputs:
            self.loop.forget(subscription)
        self._inputs.clear()
        for service in self._served:
            self.destroy_service(service)
        self._served.clear()

    def _attempt(self, verb: str, action: Callable[[], None]) -> bool:
        try:
            action()
        except Exception as error:
            # Errors of this package name their cause; of any other, the place is the only clue.
            expected = type(error).__module__.startswith("jepa_humanoid") or isinstance(error, ParameterException)
            self._problem = f"cannot {verb}: {error}" if expected else f"cannot {verb}: {type(error).__name__}: {error}"
            self.get_logger().error(self._problem if expected else f"{self._problem}\n{traceback.format_exc()}")
            return False
        return True

    def _spec(self, topic: str, declared: Sequence[str]) -> Any:
        if topic not in declared:
            raise NodeError(f"{type(self).__name__} does not name '{topic}' in SUBSCRIBES")
        return TOPICS[topic]

    def report_now(self) -> None:
        """Publish the status at the next occasion, not only when it changes or a second has passed."""
        self._next_report = 0.0

    def _report(self) -> None:
        if self._problem is not None:
            level, text = Level.ERROR, self._problem
        elif time.monotonic() - self._conflict[1] <= WINDOW:
            level, text = Level.ERROR, self._conflict[0]
        elif self.active:
            level, text = self.status()
        else:
            level, text = Level.STALE, "not active"
        now = time.monotonic()
        if (level, text) == self._reported and now < self._next_report:
            return
        self._reported = level, text
        self._next_report = now + 1.0
        status = DiagnosticStatus(
            level=bytes([level]),
            name=self.get_fully_qualified_name().lstrip("/"),
            message=text,
            hardware_id=str(self.get_parameter("robot").value),
            values=[KeyValue(key=k, value=_text(v)) for k, v in (self.values() if self.active else {}).items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def take_real_time_measures(self) -> None:
        """Scheduling class, core and niceness as the parameters ask; what is not allowed is a warning."""
        problem = take_measures(self.value("scheduling_priority"), self.value("cpu_core"), self.value("nice"))
        if problem is not None:
            self.get_logger().warning(problem)


def _full_name(info: Any) -> str:
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def run(node_class: type[RobotNode], arguments: Sequence[str] | None = None) -> int:
    """Run one node until it is told to stop; the body of every node's `main`.

    SIGINT and SIGTERM end it with the node's own status, 0 unless it says otherwise. A node that cannot start ends with
    `os.EX_CONFIG`, by which whoever started it knows that to start it again is of no use; malformed arguments end it
    with 2.

    Args:
        node_class: The node.
        arguments: Command line; None for the process's own.
    """
    use_sockets(os.environ)
    try:
        # With rclpy's own handlers the context is gone before the node could say a last word.
        rclpy.init(args=None if arguments is None else list(arguments), signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:
        sys.stderr.write(f"{node_class.NAME}: {error}\n")
        return 2
    node: RobotNode | None = None
    try:
        try:
            node = node_class()
        except (ParameterException, RCLError) as error:  # a value or a name that cannot be
            sys.stderr.write(f"{node_class.NAME}: {str(error).split(', at /')[0]}\n")
            return 2
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: node.loop.stop())
        if node.value("autostart") and not node.start():
            return os.EX_CONFIG
        # Not before: who stands back for others later, such as the page, need not do so while people wait for it.
        node.take_real_time_measures()
        # What exists by now stays: the collector need not look at it again in the middle of a step.
        gc.collect()
        gc.freeze()
        node.loop.spin()
        return node.exit_status
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Ctrl-C reaches a node from the terminal, and once more from who launched it: it is ending already.
            signal.signal(number, signal.SIG_IGN)
        if node is not None:
            with contextlib.suppress(Exception):
                node.trigger_shutdown()
            node.loop.close()
            node.destroy_node()
        try_shutdown()
