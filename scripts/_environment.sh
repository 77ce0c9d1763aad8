# shellcheck shell=bash
# Sourced by the other scripts: makes .venv and installs into it what the caller names.
# Everything comes from the Python package index that pip is set up for; nothing needs root.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV="$ROOT/.venv"
PYTHON="$VENV/bin/python"
LOG="$VENV/install.log"
UNFINISHED="$VENV/.unfinished" # there while packages are being installed

# Free disk space that the packages for the demo need with some to spare, and those for the tests besides [MB].
SPACE_DEMO=2500
SPACE_TEST=4500

# The version numbers that setup.py's dependencies have wheels for.
FITS='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

# Prints what the installed package needs for training, a requirement a line.
TRAINING='from importlib.metadata import requires
print(*(said.split(";")[0] for said in requires("jepa_humanoid") if "extra == \"train\"" in said), sep="\n")'

say() { printf '\033[1;36m==>\033[0m %s\n' "$*" >&2; }
die() {
  printf '\033[1;31mcannot go on:\033[0m %s\n' "$*" >&2
  exit 1
}

# Prints the interpreter to make the environment with. A version that fits but lacks `venv` is the last resort, so that
# the complaint names the package to install.
find_python() {
  local candidate without_venv='' others=''
  for candidate in python3.11 python3.12 python3.13 python3; do
    if ! "$candidate" -c "$FITS" >/dev/null 2>&1; then
      others+=$("$candidate" -c 'import sys; print(" %s is %d.%d." % (sys.executable, *sys.version_info[:2]))' 2>/dev/null) || true
      continue
    fi
    if "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
    without_venv=${without_venv:-$("$candidate" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')}
  done
  [[ -z $without_venv ]] || die "$without_venv has no venv module. Install it: sudo apt install $without_venv-venv"
  die "Python 3.11, 3.12 or 3.13 is needed.${others:- No Python is installed.} Install one of them, e.g. on Debian 12," \
    "Ubuntu 24.04 or later: sudo apt install python3 python3-venv"
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

# Runs pip with one line of progress; all that it says goes to the log.
pip_install() {
  local said
  touch "$LOG"
  said=$(wc -l <"$LOG") # what earlier runs have said
  printf '\n--- pip install %s\n' "$*" >>"$LOG"
  if PYTHONUNBUFFERED=1 "$PYTHON" -m pip install --disable-pip-version-check --no-input --progress-bar off "$@" 2>&1 |
    "$PYTHON" "$ROOT/scripts/_pip_progress.py" "$LOG"; then
    return
  fi
  tail -n 5 "$LOG" | sed 's/^/    /' >&2
  die "$(explain_failure "$(tail -n +"$((said + 1))" "$LOG")") What has been fetched is kept: start again, and it goes on from there. All of it: $LOG"
}

# Why pip failed, from what it said, and what to do about it.
explain_failure() {
  case $1 in
    *"No space left on device"*)
      echo "The disk is full: $(free_megabytes "$ROOT") MB are free here, $(free_megabytes "${TMPDIR:-/tmp}") MB in ${TMPDIR:-/tmp}." \
        "Make room, or name another folder for temporary files: TMPDIR=..." ;;
    *"Retrying (Retry("* | *NewConnectionError* | *"Temporary failure in name resolution"* | *ReadTimeoutError* | *ProxyError*)
      echo "The package index does not answer. Is this machine on the network? Behind a proxy set HTTPS_PROXY;" \
        "for an index of your own set PIP_INDEX_URL." ;;
    *CERTIFICATE_VERIFY_FAILED* | *SSLError*)
      echo "The package index's certificate is not trusted. Is the clock right ($(date))? A proxy's own certificate goes" \
        "into PIP_CERT." ;;
    *"Permission denied"*)
      echo "A file in $VENV may not be written. Whose is it? 'rm -rf .venv' makes a new environment." ;;
    *"No matching distribution found"* | *"is not a supported wheel on this platform"*)
      echo "The package index has nothing for Python $("$PYTHON" -c 'import platform as p; print(p.python_version(), "on", p.machine())')" \
        "(see above). There are wheels for x86-64 and aarch64 with Debian 12, Ubuntu 22.04 or later." ;;
    *) echo "pip could not install what is needed (see above)." ;;
  esac
}

free_megabytes() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }

# Prepares for packages: says so if there is no room for them, and clears away what an interrupted installation has left
# half done. pip writes a package's RECORD last; without one it would take the package for complete.
prepare_packages() {
  local kind=$1 wanted free info packages
  packages=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  if [[ -e $UNFINISHED ]]; then
    say "the installation before was interrupted: going on where it was"
    for info in "$packages"/*.dist-info; do
      [[ -e $info/RECORD ]] || rm -rf "$info"
    done
    rm -rf "$packages"/~*
  elif ! compgen -G "$packages/numpy-*.dist-info" >/dev/null; then
    wanted=$SPACE_DEMO
    [[ $kind == demo ]] || wanted=$SPACE_TEST
    free=$(free_megabytes "$VENV")
    ((free >= wanted)) || die "The packages need about $wanted MB, and $free MB are free in $ROOT. Make room, and start again."
  fi
  touch "$UNFINISHED"
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
  leave_other_ros
  install_packages "$1"
  [[ $1 == test ]] || compile_loops # scripts/test does it beside its other checks, and who formats has no robot
}

install_packages() {
  local kind=$1 extras stamp
  stamp="$VENV/.installed-$kind-$(fingerprint)"
  [[ -e $stamp ]] && "$PYTHON" -c "$FITS" 2>/dev/null && return

  if [[ ! -w $ROOT || (-e $VENV && ! -w $VENV) ]]; then
    die "$(id -un) may not write to $ROOT, which belongs to $(stat -c %U "$ROOT"): take a clone of your own," \
      "or have its owner run this once"
  fi
  if ! "$PYTHON" -c "$FITS; import pip" >/dev/null 2>&1; then
    local base
    base=$(find_python)
    say "making .venv with $base"
    "$base" -m venv --clear "$VENV" >&2 || die "$base could not make $VENV: is there room on the disk, and may you write" \
      "there? If it says that ensurepip is missing: sudo apt install python3-venv"
  fi
  case $kind in
    demo) extras=ros ;;
    test) extras=ros,test ;;
    *) die "unknown environment '$kind'" ;;
  esac
  trap 'printf "\n" >&2; die "interrupted. Start again, and it goes on from there."' INT TERM
  say "installing the packages for '$kind' into .venv: minutes the first time (log: .venv/install.log)"
  prepare_packages "$kind"
  pip_install --editable "$ROOT[$extras]"
  check_libraries
  rm -f "$VENV/.installed-"*
  if [[ $kind == test ]]; then
    install_training
    touch "${stamp/installed-test/installed-demo}" # the packages for the tests include those for the demo
  fi
  rm -f "$UNFINISHED"
  trap - INT TERM
  touch "$stamp"
}

compile_loops() {
  local stamp
  stamp="$VENV/.compiled-$(fingerprint)"
  [[ -e $stamp ]] && return
  say "compiling the inner loops (once, 15 s to a minute)"
  "$VENV/bin/humanoid" compile 2>&1 | tee -a "$LOG" | sed -u 's/^/    /' >&2 ||
    die "that failed: $(tail -n 1 "$LOG")  (all of it: $LOG)"
  rm -f "$VENV/.compiled-"*
  touch "$stamp"
}

# Training needs torch, and for many machines the index has only a build that brings gigabytes of CUDA packages.
# Ask pip what it would take first. Without torch the tests that need it are skipped, and say so.
install_training() {
  local plan packages
  "$PYTHON" -c 'import torch, onnx, onnxscript' 2>/dev/null && return
  say "looking whether torch can be had without CUDA"
  # What the extra says, and not the package with the extra: pip would make ready the package again, and look up all.
  mapfile -t packages < <("$PYTHON" -c "$TRAINING")
  ((${#packages[@]})) || die "setup.py's extra 'train' names no packages"
  if ! plan=$("$PYTHON" -m pip install --disable-pip-version-check --no-input --quiet --dry-run --report - \
    "${packages[@]}" 2>/dev/null); then
    say "no torch for this Python and machine: the tests of training will be skipped"
  elif grep -qE '"name": "(nvidia|cuda|triton)' <<<"$plan"; then
    say "torch would bring CUDA packages here: the tests of training will be skipped (pip install -e '.[train]' adds it)"
  else
    say "installing torch for the tests of training"
    pip_install "${packages[@]}"
  fi
}
