"""``python -m convert``: make a TFLite model, verify it and describe it."""

from convert.cli import main

main(prog_name="python -m convert")
