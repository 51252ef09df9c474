"""Which processors run the eight-bit model."""

import pytest

from inference.processor import DOT_PRODUCTS, model_name, processor_flags, processor_name


@pytest.mark.parametrize(
    ("cpuinfo", "fast"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2 avx_vnni\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp\n", True),
        ("processor\t: 0\nFeatures\t: fp asimd evtstrm crc32\n", False),
        ("flags : avx2 avx_vnni\n\nflags : avx2\n", False),
        ("flags\t: avx2\nvmx flags\t: avx512_vnni\n", False),
        ("model name\t: avx512_vnni\n", False),
        ("", False),
    ],
)
def test_flags_of_all_processors_count(cpuinfo: str, *, fast: bool) -> None:
    assert bool(processor_flags(cpuinfo) & DOT_PRODUCTS) is fast


@pytest.mark.parametrize(
    ("cpuinfo", "name"),
    [
        ("processor\t: 0\nmodel name\t: A: B\nflags\t\t: fpu\n\nmodel name\t: C\n", "A: B"),
        ("processor\t: 0\nFeatures\t: fp asimd\n", ""),
        ("", ""),
    ],
)
def test_the_first_processor_names_the_machine(cpuinfo: str, name: str) -> None:
    assert model_name(cpuinfo) == name
    assert processor_name()
