"""What the kernel says: the time since boot, which boot this is, and whether its clock is synchronized."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
#: Linux's; elsewhere the nearest there is.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
#: Larger than struct timex is anywhere (208 bytes on 64 bit); zeros ask and change nothing.
_TIMEX_BYTES: Final = 512
#: adjtimex(2): the clock is not synchronized (STA_UNSYNC) or at fault.
_TIME_ERROR: Final = 5


def since_boot() -> float:
    """Seconds since the kernel started, times of suspension included; nobody sets this clock."""
    return time.clock_gettime(_CLOCK)


def boot_id() -> str:
    """The same for as long as `since_boot` counts on."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        # Nothing that is held back by this process is then corrected by another one.
        return f"process started {since_boot():.3f} s after boot"


def is_synchronized() -> bool:
    """Whether the kernel calls its clock synchronized, which an NTP client tells it; without one it never is."""
    try:
        # On the return value alone, since the struct's layout differs between machines.
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):  # not Linux
        return False
    return 0 <= state < _TIME_ERROR
