"""What the IMU feels."""

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Imu

from jepa_humanoid.robot.state import SensorSample


def make_imu() -> Imu:
    """An IMU message that says, as sensor_msgs/Imu asks for, that it has no orientation."""
    message = Imu()
    message.orientation_covariance[0] = -1.0
    return message


def write_imu(sample: SensorSample, stamp: Time, message: Imu) -> None:
    """Fill a message for `imu/data`."""
    message.header.stamp = stamp
    angular, linear = message.angular_velocity, message.linear_acceleration
    angular.x, angular.y, angular.z = sample.angular_velocity.tolist()
    linear.x, linear.y, linear.z = sample.linear_acceleration.tolist()
