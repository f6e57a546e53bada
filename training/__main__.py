"""``python -m training``: train the CNN and measure it."""

from training.cli import main

main(prog_name="python -m training")
