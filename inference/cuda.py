"""What the NVIDIA driver says of its first GPU, asked through its C interface: no CUDA package is needed."""

import ctypes

DRIVER = "libcuda.so.1"
NAME_SIZE = 256


class CudaError(Exception):
    """No GPU can be used; the text says why, and what to do where something can be done."""


def gpu_name() -> str:
    """The name of the first GPU that this process may use; CudaError when there is none."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError as error:
        raise CudaError("there is no NVIDIA driver") from error
    device, name = ctypes.c_int(), ctypes.create_string_buffer(NAME_SIZE)
    failed = (
        driver.cuInit(0)
        or driver.cuDeviceGet(ctypes.byref(device), 0)
        or driver.cuDeviceGetName(name, NAME_SIZE, device)
    )
    if failed:
        raise CudaError(f"the NVIDIA driver has no GPU for this process (its error {failed})")
    return name.value.decode(errors="replace")
