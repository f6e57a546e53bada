"""What a batch gave back is there for the next, without the system's help."""

import subprocess
import sys

STEPS = """
import resource
import numpy as np
{first}

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(40_000_000, np.uint8)
before = faults()
for _ in range(20):
    np.ones(40_000_000, np.uint8)
print(faults() - before)
"""


def faults(first: str) -> int:
    """Return how many pages a process had to be given while it used 40 MB 20 times."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS.format(first=first)], capture_output=True, check=True
    )
    return int(done.stdout)


def test_freed_memory_is_kept() -> None:
    usual = faults("")
    kept = faults("from training.memory import keep_freed_memory; keep_freed_memory()")
    assert kept < 500, f"usually {usual}"
