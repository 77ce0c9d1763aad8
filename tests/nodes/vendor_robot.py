"""A process that speaks the vendor's protocol as a Unitree G1 does; it moves nothing.

States at 500 Hz, a checked record of commands, and the motion switcher. Lines on standard input change what it does;
`report` prints a line of JSON with what it has heard. Checksums and layouts are written down here a second time, on
purpose.
"""

import argparse
import json
import struct
import sys
import threading
import time
from typing import Any

from cyclonedds.core import Listener
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

from jepa_humanoid.targets.unitree.idl import (
    IMUState,
    LowCmd,
    LowState,
    MotorState,
    Request,
    Response,
    ResponseHeader,
    ResponseStatus,
    pack,
)

STATE_FORMAT = "<2I2B2xI" + "13fh2x" + "B3x4f2hf7I" * 35 + "40B5I"
COMMAND_FORMAT = "<2B2x" + "B3x5fI" * 35 + "5I"
TICK, REMOTE, CHECKSUM = 4 + 12, 4 + 2088 - 20 - 40, -4
"""Where these are in a serialised state."""

BUTTONS = {"R1": 0, "L1": 1, "Start": 2, "Select": 3, "R2": 4, "L2": 5, "A": 8, "B": 9}

TABLE = []
for _byte in range(256):
    _crc = _byte << 24
    for _ in range(8):
        _crc = (_crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if _crc >> 31 else 0)
    TABLE.append(_crc)


def checksum(words: bytes) -> int:
    """CRC-32 over little-endian words, most significant byte first."""
    crc = 0xFFFFFFFF
    for (word,) in struct.iter_unpack("<I", words):
        for shift in (24, 16, 8, 0):
            crc = (crc << 8 & 0xFFFFFFFF) ^ TABLE[crc >> 24 ^ word >> shift & 0xFF]
    return crc


class Robot:
    """The robot's end."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.services = [name for name in options.services.split(",") if name]
        self.buttons = 0
        self.muted = options.mute
        self.frozen = options.frozen
        self.hot: tuple[int, int] | None = None
        self.record: list[tuple[int, bytes]] = []
        interfaces = '<Interfaces><NetworkInterface name="lo"/></Interfaces>'
        xml = f"<CycloneDDS><Domain><General>{interfaces}</General></Domain></CycloneDDS>"
        self.domain = Domain(options.domain, xml)
        self.participant = DomainParticipant(options.domain)
        self.commands = Topic(self.participant, "rt/lowcmd", LowCmd)
        reliable = Qos(Policy.Reliability.Reliable(duration(seconds=1)), Policy.History.KeepLast(100))
        # Reliable, as the most demanding robot could be: a writer that is not would not match.
        self.reader = DataReader(self.participant, self.commands, reliable, Listener(on_data_available=self.on_command))
        self.states = DataWriter(self.participant, Topic(self.participant, "rt/lowstate", LowState))
        if not options.no_switcher:
            prefix = "rt/api/motion_switcher"
            self.responses = DataWriter(
                self.participant, Topic(self.participant, f"{prefix}/response", Response), reliable
            )
            self.requests = DataReader(
                self.participant,
                Topic(self.participant, f"{prefix}/request", Request),
                reliable,
                Listener(on_data_available=self.on_request),
            )
        if options.rival:
            self.rival = DataWriter(self.participant, self.commands)
        self.make_template()

    def make_template(self) -> None:
        """Build the state that is sent again and again."""
        motors = []
        for slot in range(35):
            alive = slot < self.options.motors
            temperature = [0, 0] if not alive else [self.hot[1], 30] if self.hot and self.hot[0] == slot else [35, 30]
            q = 0.01 * slot if alive else 0.0
            voltage = 48.0 if alive else 0.0
            motors.append(MotorState(int(alive), q, 0.0, 0.0, 0.25 * slot, temperature, voltage, [0, 0], 0, [0] * 4))
        imu = IMUState([1.0, 0.0, 0.0, 0.0], [0.0] * 3, [0.0, 0.0, 9.81], [0.0] * 3, 40)
        state = LowState([1, 2], 0, self.options.mode_machine, 0, imu, motors, [0] * 40, [0] * 4, 0)
        self.cdr = bytearray(LowState.__idl__.serialize(state))
        flat: list[Any] = [*imu.quaternion, *imu.gyroscope, *imu.accelerometer, *imu.rpy, imu.temperature]
        for m in motors:
            flat += [m.mode, m.q, m.dq, m.ddq, m.tau_est, *m.temperature, m.vol, *m.sensor, m.motorstate, *m.reserve]
        self.c_values = flat

    def send_state(self, tick: int) -> None:
        """One state, with its checksum."""
        remote = bytes(40)
        if not self.options.no_remote:
            remote = bytes([0x55, 0x51, self.buttons & 0xFF, self.buttons >> 8]) + bytes(36)
        head = (1, 2, 0, self.options.mode_machine, tick)
        as_c = struct.pack(STATE_FORMAT, *head, *self.c_values, *remote, 0, 0, 0, 0, 0)
        crc = checksum(as_c[:-4]) ^ (1 if self.options.damage else 0)
        struct.pack_into("<I", self.cdr, TICK, tick)
        self.cdr[REMOTE : REMOTE + 40] = remote
        self.cdr[CHECKSUM:] = struct.pack("<I", crc)
        self.states.write(pack(LowState, bytes(self.cdr)))

    def run(self) -> None:
        """Send states at 500 Hz."""
        tick, due = 0, time.monotonic()
        while True:
            if not self.muted:
                self.send_state(tick)
            if self.options.rival:
                self.rival.write(pack(LowCmd, b"\x00\x01\x00\x00" + bytes(1000)))
            tick += 0 if self.frozen else 2
            due = max(due + 0.002, time.monotonic() - 0.02)
            time.sleep(max(0.0, due - time.monotonic()))

    def on_command(self, reader: DataReader) -> None:
        """Keep a command and when it came."""
        now = time.time_ns()
        self.record += [(now, sample.data) for sample in reader.take(100) if isinstance(sample, LowCmd)]

    def on_request(self, reader: DataReader) -> None:
        """Answer as the motion switcher does."""
        for request in reader.take(10):
            if not isinstance(request, Request) or self.options.deaf:
                continue
            if request.header.identity.api_id == 1003 and self.services and not self.options.stubborn:
                self.services.pop(0)
            data = json.dumps({"form": "0", "name": self.services[0] if self.services else ""})
            self.responses.write(Response(ResponseHeader(request.header.identity, ResponseStatus(0)), data, []))

    def report(self) -> dict[str, Any]:
        """What has been heard since the last report."""
        record, self.record = self.record, []
        rows = []
        for when, data in record:
            command = LowCmd.__idl__.deserialize(data)
            motors = command.motor_cmd
            flat = [value for m in motors for value in (m.mode, m.q, m.dq, m.tau, m.kp, m.kd, m.reserve)]
            as_c = struct.pack(COMMAND_FORMAT, command.mode_pr, command.mode_machine, *flat, *command.reserve, 0)
            row = {"t": when, "good": checksum(as_c[:-4]) == command.crc, "machine": command.mode_machine}
            row |= {"pr": command.mode_pr, "modes": [m.mode for m in motors], "q": [m.q for m in motors]}
            row |= {name: [getattr(m, name) for m in motors] for name in ("tau", "kp", "kd")}
            rows.append(row)
            time.sleep(0)  # who sends the states comes first
        writers = len(self.reader.get_matched_publications()) - (1 if self.options.rival else 0)
        return {"commands": rows, "writers": writers, "services": self.services}


def say(report: dict[str, Any]) -> None:
    """Print a report, a command at a time: thousands in one call would keep the states from being sent."""
    commands = ", ".join(json.dumps(command) for command in report["commands"])
    rest = json.dumps({name: value for name, value in report.items() if name != "commands"})
    print(f'{{"commands": [{commands}], {rest[1:]}', flush=True)


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--domain", type=int, required=True)
    parser.add_argument("--mode-machine", type=int, default=5)
    parser.add_argument("--motors", type=int, default=29)
    parser.add_argument("--services", default="")
    for flag in ("stubborn", "deaf", "no-switcher", "no-remote", "mute", "frozen", "damage", "rival"):
        parser.add_argument(f"--{flag}", action="store_true")
    robot = Robot(parser.parse_args())
    threading.Thread(target=robot.run, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "forget":
            robot.record = []
        elif word == "press":
            robot.buttons = sum(1 << BUTTONS[name] for name in rest)
        elif word in ("mute", "speak"):
            robot.muted = word == "mute"
        elif word in ("freeze", "thaw"):
            robot.frozen = word == "freeze"
        elif word == "hot":
            robot.hot = int(rest[0]), int(rest[1])
            robot.make_template()
        elif word == "report":
            say(robot.report())


if __name__ == "__main__":
    main()
