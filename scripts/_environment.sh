# shellcheck shell=bash
# Sourced by the other scripts: makes .venv and installs into it what the caller names.
# Everything comes from the Python package index that pip is set up for; nothing needs root.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV="$ROOT/.venv"
PYTHON="$VENV/bin/python"

# The version numbers that setup.py's dependencies have wheels for.
FITS='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

say() { printf '\033[1;36m==>\033[0m %s\n' "$*" >&2; }
die() {
  printf '\033[1;31mcannot go on:\033[0m %s\n' "$*" >&2
  exit 1
}

# Prints the interpreter to make the environment with. A version that fits but lacks `venv` is the last resort, so that
# the complaint names the package to install.
find_python() {
  local candidate without_venv=''
  for candidate in python3.11 python3.12 python3.13 python3; do
    "$candidate" -c "$FITS" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
    without_venv=${without_venv:-$("$candidate" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')}
  done
  [[ -z $without_venv ]] || die "$without_venv has no venv module. Install it: sudo apt install $without_venv-venv"
  die "Python 3.11, 3.12 or 3.13 is needed. Install it: sudo apt install python3 python3-venv"
}

# A sourced ROS 2 installation would put its own packages before the ones in .venv, mostly for another Python.
leave_other_ros() {
  if [[ -n ${AMENT_PREFIX_PATH:-} ]]; then
    say "leaving the sourced ROS 2 installation aside: this run uses the wheels in .venv"
    unset LD_LIBRARY_PATH
  fi
  unset PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH COLCON_PREFIX_PATH CMAKE_PREFIX_PATH RMW_IMPLEMENTATION ROS_DISTRO
}

# A change in any of these means that what is installed may be out of date.
fingerprint() {
  (cd "$ROOT" && pwd && cat setup.py setup.cfg pyproject.toml scripts/_environment.sh) | sha256sum | cut -d' ' -f1
}

pip_install() {
  "$PYTHON" -m pip install --disable-pip-version-check --no-input "$@" >&2 ||
    die "pip could not install what is needed (see above). Is the package index reachable, and is the disk not full?"
}

# The wheels bring all libraries but these; say what to install rather than show a traceback.
check_libraries() {
  local message package
  message=$("$PYTHON" -c 'import numpy, scipy, pinocchio, daqp, mujoco, onnxruntime, rclpy' 2>&1) && return
  case $message in
    *libstdc++.so.6* | *CXXABI* | *GLIBCXX*) package=libstdc++6 ;;
    *libgcc_s.so.1*) package=libgcc-s1 ;;
    *libGL.so.1* | *libOpenGL.so.0*) package=libgl1 ;;
    *libEGL.so.1*) package=libegl1 ;;
    *libgomp.so.1*) package=libgomp1 ;;
    *libz.so.1*) package=zlib1g ;;
    *GLIBC_*) die "the C library is too old for the wheels; Debian 12, Ubuntu 22.04 or later is needed" ;;
    *) die "$(tail -n 1 <<<"$message")  ('$PYTHON -m jepa_humanoid.cli doctor' tells more)" ;;
  esac
  die "$(tail -n 1 <<<"$message"). Install it: sudo apt install $package"
}

# ensure_environment demo|test: idempotent, and under a second when nothing changed.
ensure_environment() {
  local kind=$1 extras stamp
  leave_other_ros
  stamp="$VENV/.installed-$kind-$(fingerprint)"
  [[ -e $stamp ]] && "$PYTHON" -c "$FITS" 2>/dev/null && return

  if ! "$PYTHON" -c "$FITS; import pip" >/dev/null 2>&1; then
    local base
    base=$(find_python)
    say "making .venv with $base"
    "$base" -m venv --clear "$VENV" >&2 || die "$base could not make $VENV. Install: sudo apt install python3-venv"
  fi
  case $kind in
    demo) extras=ros ;;
    test) extras=ros,test ;;
    *) die "unknown environment '$kind'" ;;
  esac
  say "installing the packages for '$kind' into .venv (the first time takes minutes)"
  pip_install --editable "$ROOT[$extras]"
  check_libraries
  rm -f "$VENV/.installed-"*
  if [[ $kind == test ]]; then
    install_training
    touch "${stamp/installed-test/installed-demo}" # the packages for the tests include those for the demo
  fi
  touch "$stamp"
}

# Training needs torch, and for many machines the index has only a build that brings gigabytes of CUDA packages.
# Ask pip what it would take first. Without torch the tests that need it are skipped, and say so.
install_training() {
  local plan
  "$PYTHON" -c 'import torch, onnx, onnxscript' 2>/dev/null && return
  say "looking whether torch can be had without CUDA"
  if ! plan=$("$PYTHON" -m pip install --disable-pip-version-check --no-input --quiet --dry-run --report - \
    --editable "$ROOT[train]" 2>/dev/null); then
    say "no torch for this Python and machine: the tests of training will be skipped"
  elif grep -qE '"name": "(nvidia|cuda|triton)' <<<"$plan"; then
    say "torch would bring CUDA packages here: the tests of training will be skipped (pip install '.[train]' adds it)"
  else
    pip_install --editable "$ROOT[train]"
  fi
}
