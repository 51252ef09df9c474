"""What this machine's processor is good at."""

import platform
import sys
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
DOT_PRODUCTS = {"avx512_vnni", "avx_vnni", "asimddp", "i8mm"}


def has_byte_dot_product() -> bool:
    """
    Whether eight-bit models pay off: VNNI on x86, the dot product on ARM. Without it they are no faster, and
    on plain AVX2 their sums can saturate. Unknown means no.
    """
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    try:
        return bool(DOT_PRODUCTS & processor_flags(CPUINFO.read_text(errors="replace")))
    except OSError:
        return False


def processor_flags(cpuinfo: str) -> set[str]:
    """Flags that every listed processor has: on mixed machines the model may run on any of them."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    flags = [set(value.split()) for key, _, value in lines if key.strip() in ("flags", "Features")]
    return set.intersection(*flags) if flags else set()


def processor_name() -> str:
    """What the system calls this machine's processor, or its architecture where it has no name for it."""
    try:
        return model_name(CPUINFO.read_text(errors="replace")) or platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def model_name(cpuinfo: str) -> str:
    """The name of the first listed processor; empty where none is given, as on most ARM."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == "model name"), "")
