"""How a simulated run goes."""

from std_msgs.msg import String

from jepa_humanoid.nodes.messages.record import read_record, write_record
from jepa_humanoid.nodes.messages.time import check_seconds
from jepa_humanoid.simulation.report import RunReport


def write_report(report: RunReport) -> String:
    """A report for `evaluation`."""
    return String(data=write_record(report))


def read_report(message: String) -> RunReport:
    """Read `evaluation`.

    Raises:
        MessageError: If it is no such report, or a number in it is not finite, naming field and cause.
    """
    report = read_record(RunReport, message.data, "evaluation", finite=True)
    check_seconds(report.stamp, "evaluation")
    return report
