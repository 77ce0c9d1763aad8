"""The state of the invariant filter and of its error: what they mean, and where each part stands.

Symbols: R base axes in the world; p, v position and velocity of the IMU in the world; d_i, F_i position and axes of
sole i; b_g, b_a biases, in base axes; hats are estimates. The error ξ is the right-invariant one,

    exp(ξ_R) = R̂ Rᵀ,  ξ_p = p̂ − exp(ξ_R) p,  ξ_v and ξ_d alike,  exp(ξ_F) = F̂ Fᵀ,  ζ = b̂ − b,

in which the prediction (biases apart) and the leg measurements are linear, whatever the state is.
"""

from jepa_humanoid.compiled import record

# Where each part of the error stands in its vector and in the covariance.
P_, R_, V_ = slice(0, 3), slice(3, 6), slice(6, 9)
D_, F_ = (slice(9, 12), slice(15, 18)), (slice(12, 15), slice(18, 21))
BG_, BA_ = slice(21, 24), slice(24, 27)
POSE_, FEET_ = slice(0, 6), (slice(9, 15), slice(15, 21))
SIZE = 27
STATE = record(
    rotation=(float, (3, 3)),
    position=(float, 3),
    velocity=(float, 3),
    gyro_bias=(float, 3),
    accelerometer_bias=(float, 3),
    foot_position=(float, (2, 3)),
    foot_rotation=(float, (2, 3, 3)),
    error=(float, SIZE),
    covariance=(float, (SIZE, SIZE)),
    change=(float, (SIZE, SIZE)),  # Φ − I of the last prediction
    foot_noise=(float, (2, 6, 6)),
    scratch=(float, (SIZE, SIZE)),
    gyro=float,
    gyro_bias_walk=float,
    accelerometer_bias_walk=float,
)
