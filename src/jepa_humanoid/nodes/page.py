"""Page: shows the graph in browsers, and publishes what people do there.

The robot speaks 500 times a second and a page needs two dozen pictures: nothing here is woken by the robot's topics,
the newest message of each is taken when the next picture is due. What people do comes from the page's own threads and
waits in a queue until then.
"""

import queue
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pinocchio as pin
from builtin_interfaces.msg import Time
from rclpy.qos import QoSProfile, ReliabilityPolicy

from jepa_humanoid.monitor.health import HealthWatch
from jepa_humanoid.monitor.notices import Tone
from jepa_humanoid.monitor.page import Page
from jepa_humanoid.monitor.people import Handlers
from jepa_humanoid.monitor.recovery import STOPPED_MODES
from jepa_humanoid.nodes.contract import FOOTPRINT_FRAME, SERVICES, TOPICS
from jepa_humanoid.nodes.errors import MessageError
from jepa_humanoid.nodes.messages.diagnostics import read_diagnostics
from jepa_humanoid.nodes.messages.elevation import read_elevation
from jepa_humanoid.nodes.messages.goal import read_goal, write_goal
from jepa_humanoid.nodes.messages.hand import hand_topic, write_hand
from jepa_humanoid.nodes.messages.odometry import read_odometry
from jepa_humanoid.nodes.messages.points import read_points
from jepa_humanoid.nodes.messages.pose import read_pose
from jepa_humanoid.nodes.messages.status import read_body_status, read_plan_status
from jepa_humanoid.nodes.messages.time import to_seconds
from jepa_humanoid.nodes.messages.velocity import write_velocity
from jepa_humanoid.nodes.node import Level, RobotNode, run
from jepa_humanoid.nodes.parameters import ParameterSpec
from jepa_humanoid.real_time import RealTimeMeter
from jepa_humanoid.robot.description import load_robot
from jepa_humanoid.robot.state import BaseEstimate, Goal, HandTarget, VelocityCommand
from jepa_humanoid.status import BodyStatus

UNWATCHED_PERIOD = 0.25
"""Between two looks at the robot while no browser is open [s]: enough to have something to show to the first."""

STATUS_PERIOD = 0.25
"""Between two looks at how the graph is [s]."""

LET_GO = {"DAMPING", "POSING"}
"""Stages of a real robot's engagement in which nobody may stand up."""

WISHES = {
    "controller/release": "release the stop",
    "controller/stand_up": "stand up",
    "controller/let_go_left": "let go of the left hand",
    "controller/let_go_right": "let go of the right hand",
    "target/restart": "start the simulation anew",
}
"""What people asked for, by service; a goal that cannot be forgotten bothers nobody."""


class PageNode(RobotNode):
    """Serves the page."""

    NAME = "page"
    DESCRIPTION = "Shows the robot and what it imagines in browsers; takes goals, driving and stops from there."
    PUBLISHES = ("goal_pose", "teleop/cmd_vel", "teleop/left_hand", "teleop/right_hand", "emergency_stop", "push")
    SUBSCRIBES = (
        "joint_states",
        "odom",
        "base_footprint",
        "lidar/pose",
        "points",
        "elevation",
        "controller/status",
        "plan/status",
        "goal_pose",
        "diagnostics",
    )
    PARAMETERS = (
        ParameterSpec("host", "127.0.0.1", "address to serve on; 0.0.0.0 lets other machines see and steer the robot"),
        ParameterSpec("port", 8080, "TCP port to serve on", "", 1, 65535),
        ParameterSpec("rate", 25.0, "pictures, at most", "Hz", 1.0, 60.0),
        ParameterSpec("speed", 1.0, "of what it shows, to real time: in slow motion nobody is silent", "", 0.001, 1.0),
        ParameterSpec(
            "recording", "", "what is played, if that is all there is: nothing that moves a robot is offered"
        ),
        ParameterSpec("point_to_walk", True, "a click on the floor is a goal; there is a switch for it on the page"),
        ParameterSpec("largest_forward", 0.5, "end of the slider for driving", "m/s", 0.0, 2.0),
        ParameterSpec("largest_lateral", 0.25, "end of the slider for driving", "m/s", 0.0, 1.0),
        ParameterSpec("largest_turn", 0.6, "end of the slider for driving", "rad/s", 0.0, 2.0),
    )
    NICE = 10

    def configure(self) -> None:
        """Serve the page, and subscribe."""
        robot = load_robot(self.value("robot"))
        self._joint_names = list(robot.joint_names)
        self._period = 1.0 / self.value("rate")
        self._speed = self.value("speed")
        self._todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._clients_of = {name: self.create_client(SERVICES[name].type, name) for name in ("planner/cancel", *WISHES)}
        self._page: Page | None = Page(
            robot,
            host=self.value("host"),
            port=self.value("port"),
            limits=VelocityCommand(
                self.value("largest_forward"), self.value("largest_lateral"), self.value("largest_turn")
            ),
            point_to_walk=self.value("point_to_walk"),
            recording=self.value("recording"),
            handlers=Handlers(
                goal=lambda x, y, yaw: self._todo.put(partial(self._send_goal, Goal(np.array((x, y)), yaw))),
                clear_goal=lambda: self._todo.put(partial(self._call, "planner/cancel")),
                teleoperate=lambda command: self._todo.put(partial(self._teleoperate, command)),
                emergency_stop=lambda stop: self._todo.put(partial(self._emergency_stop, stop)),
                stand_up=lambda: self._todo.put(partial(self._call, "controller/stand_up")),
                restart=lambda: self._todo.put(partial(self._call, "target/restart")),
                push=lambda ahead, left: self._todo.put(partial(self._push, ahead, left)),
                reach=lambda target: self._todo.put(partial(self._reach, target)),
                let_go=lambda side: self._todo.put(partial(self._call, f"controller/let_go_{side}")),
            ),
        )
        self.get_logger().info(f"the robot is at {self._page.url}")
        self._boxes = {
            topic: self.mailbox(topic)
            for topic in self.SUBSCRIBES
            if topic not in {"joint_states", "diagnostics", "points", "lidar/pose"}
        }
        self._lidar_subscriptions: list[Any] = []
        # Best effort: the target does not have to care for whether the page keeps up with 500 states a second.
        subscription, self._boxes["joint_states"] = self.loop.mailbox(
            TOPICS["joint_states"].type, "joint_states", QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        )
        self._inputs.append(subscription)
        self.listen("diagnostics", self._on_diagnostics)

    def activate(self) -> None:
        """Show what comes from now on."""
        self._stamp = Time()
        self._odometry: deque[BaseEstimate] = deque(maxlen=30)
        self._ground: float | None = None
        self._lidar: pin.SE3 | None = None
        self._sent_goals: deque[tuple[Any, ...]] = deque(maxlen=20)
        self._meter = RealTimeMeter()
        self._watch = HealthWatch()
        self._body: BodyStatus | None = None
        self._next_status = 0.0
        self._problem_text: str | None = None
        self.loop.call_at(self._tick, time.monotonic())

    def deactivate(self) -> None:
        """Let nobody drive."""
        if self._page is not None:
            self._page.stop_driving()
            self._do_what_people_did()

    def clean_up(self) -> None:
        """Close the page."""
        page: Page | None = getattr(self, "_page", None)
        self._page = None
        if page is not None:
            page.close()
        for client in getattr(self, "_clients_of", {}).values():
            self.destroy_client(client)
        self._clients_of = {}

    def status(self) -> tuple[Level, str]:
        """Where the page is, or what is missing."""
        if self._problem_text is not None:
            return Level.WARN, self._problem_text
        if not self._odometry:
            return Level.WARN, "waiting for joint_states and odom"
        return Level.OK, "serving" if self._page is None else f"serving {self._page.url}"

    def values(self) -> dict[str, object]:
        """What was dropped."""
        return {} if self._page is None else {"dropped": sum(self._page.dropped.values())}

    # What is shown

    def _tick(self, now: float) -> float:
        page = self._page
        if page is not None:
            self._do_what_people_did()
            self._listen_to_lidar(page.wants_lidar)
            self._problem_text = None
            for show in (self._show_robot, self._show_surroundings, self._show_body, self._show_plan):
                try:
                    show(page)
                except MessageError as error:
                    self._problem_text = str(error)
                    self.warn_throttled(str(error))
            if now >= self._next_status:
                self._next_status = now + STATUS_PERIOD
                self._show_health(page, now)
        return now + (self._period if page is not None and page.watched else UNWATCHED_PERIOD)

    def _listen_to_lidar(self, wanted: bool) -> None:
        """Subscribe to scans only while somebody looks at them: they are most of what the graph says."""
        if wanted == bool(self._lidar_subscriptions):
            return
        for subscription in self._lidar_subscriptions:
            self._inputs.remove(subscription)
            self.loop.forget(subscription)
        self._lidar_subscriptions.clear()
        for topic in ("points", "lidar/pose") if wanted else ():
            spec = TOPICS[topic]
            subscription, self._boxes[topic] = self.loop.mailbox(spec.type, spec.name, spec.quality.profile)
            self._inputs.append(subscription)
            self._lidar_subscriptions.append(subscription)

    def _show_robot(self, page: Page) -> None:
        message = self._boxes["odom"].take()
        if message is not None:
            odometry = read_odometry(message)
            if self._odometry and odometry.stamp < self._odometry[-1].stamp:
                self._odometry.clear()
            self._odometry.append(odometry)
            page.show_odometry(odometry)
        message = self._boxes["joint_states"].take()
        if message is None:
            return
        self._stamp = message.header.stamp
        self._meter.add(time.monotonic(), to_seconds(self._stamp))
        if message.name != self._joint_names:
            raise MessageError(f"joint_states: the joints are not those of {self.value('robot')}, in its order")
        if self._odometry:
            base = self._odometry[-1]
            page.show_state(np.concatenate([base.position, base.orientation, message.position]), self._ground)

    def _show_surroundings(self, page: Page) -> None:
        message = self._boxes["base_footprint"].take()
        if message is not None:
            self._ground = float(message.pose.position.z)
        message = self._boxes["elevation"].take()
        if message is not None and self._odometry:
            grid = read_elevation(message)
            base = min(self._odometry, key=lambda candidate: abs(candidate.stamp - grid.stamp))
            page.show_elevation(grid, base, self._ground)
        message = self._boxes["goal_pose"].take()
        if message is not None and _place(message) not in self._sent_goals:
            page.show_goal(read_goal(message))
        if not self._lidar_subscriptions:
            return
        message = self._boxes["lidar/pose"].take()
        if message is not None:
            self._lidar = read_pose(message, "lidar/pose")
        message = self._boxes["points"].take()
        if message is not None and self._lidar is not None:
            page.show_lidar(read_points(message) @ self._lidar.rotation.T + self._lidar.translation)

    def _show_body(self, page: Page) -> None:
        message = self._boxes["controller/status"].take()
        if message is not None:
            self._body = read_body_status(message)
            page.show_body(self._body)

    def _show_plan(self, page: Page) -> None:
        message = self._boxes["plan/status"].take()
        if message is not None:
            page.show_plan(read_plan_status(message))

    def _on_diagnostics(self, message: Any) -> None:
        for report in read_diagnostics(message):
            if report.node == self.NAME:
                continue
            self._watch.hear(report.node, report.level, report.text, self._speed * time.monotonic())
            if self._page is None:
                continue
            if report.node == "controller" and "control_ms_median" in report.values:
                self._page.show_control_time(to_seconds(self._stamp), report.figure("control_ms_median"))
            elif report.node == "unitree_g1":
                self._page.show_engagement(report.values.get("stage") not in LET_GO)

    def _show_health(self, page: Page, now: float) -> None:
        # Of a controller that has not heard a robot yet there is no status, but its complaint.
        health = self._watch.health(self._speed * now, frozenset() if self._body is None else frozenset({"controller"}))
        if "controller" in health.silent:
            self._body = None
        page.show_health(health, self._meter.factor)
        page.show_pushing(self.outputs["push"].get_subscription_count() > 0)
        if self._body is not None and self._body.mode.value in STOPPED_MODES:
            page.show_restart(self._clients_of["target/restart"].service_is_ready())

    # What people do

    def _do_what_people_did(self) -> None:
        while not self._todo.empty():
            self._todo.get()()

    def _send_goal(self, goal: Goal) -> None:
        message = write_goal(goal, self._stamp)
        self._sent_goals.append(_place(message))
        self.outputs["goal_pose"].publish(message)

    def _teleoperate(self, command: VelocityCommand) -> None:
        self.outputs["teleop/cmd_vel"].publish(write_velocity(command, self._stamp))

    def _reach(self, target: HandTarget) -> None:
        self.outputs[hand_topic(target.side)].publish(write_hand(target, self._stamp))

    def _push(self, ahead: float, left: float) -> None:
        message = TOPICS["push"].type()
        message.header.frame_id, message.header.stamp = FOOTPRINT_FRAME, self._stamp
        message.vector.x, message.vector.y = ahead, left
        self.outputs["push"].publish(message)

    def _emergency_stop(self, stop: bool) -> None:
        if not stop:
            self._call("controller/release")
            return
        self.get_logger().error("emergency stop pressed on the page")
        self.outputs["emergency_stop"].publish(TOPICS["emergency_stop"].type(data=True))

    def _call(self, service: str) -> None:
        """Ask, and tell people what went wrong; what went well they see."""
        client, wish = self._clients_of[service], WISHES.get(service)
        if not client.service_is_ready():
            if wish is not None and self._page is not None:
                self._page.say(f"Cannot {wish}", f"Nobody offers {service}: is the node running?", tone=Tone.BAD)
            return

        def answered(future: Any) -> None:
            response = future.result()
            if self._page is not None and wish is not None and response is not None and not response.success:
                self._page.say(f"Cannot {wish}", response.message, tone=Tone.BAD)

        client.call_async(SERVICES[service].type.Request()).add_done_callback(answered)


def _place(message: Any) -> tuple[float, ...]:
    """What tells a goal from another."""
    position, turn = message.pose.position, message.pose.orientation
    return position.x, position.y, turn.z, turn.w


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(PageNode, args)


if __name__ == "__main__":
    sys.exit(main())
