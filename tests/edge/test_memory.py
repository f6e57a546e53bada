"""What was freed is there for what comes next, without the system's help."""

import subprocess
import sys

import pytest

STEPS = """
import resource, threading
import numpy as np
from edge.memory import keep_freed_memory, limit_arenas
{first}

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    for number in range(40):
        if number == 20:
            before = faults()
        blocks = [np.ones({size}, np.uint8) for _ in range(6)]
    print(faults() - before)

thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def faults(first: str, size: int) -> int:
    """Return how many pages a process had to be given for 20 times 6 blocks of so many bytes."""
    command = [sys.executable, "-c", STEPS.format(first=first, size=size)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.parametrize(
    ("size", "keep"),
    [
        (1280 * 720 * 3, "limit_arenas(); keep_freed_memory(2**25)"),
        (20_000_000, "keep_freed_memory()"),
    ],
    ids=["frames", "a step of training"],
)
def test_freed_memory_is_kept(size: int, keep: str) -> None:
    usual, kept = faults("", size), faults(keep, size)
    assert kept < usual / 50
