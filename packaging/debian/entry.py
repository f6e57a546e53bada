#!/opt/edge-fer/venv/bin/python3
"""The command edge-fer, as pip would have written it."""

import sys

from edge.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
