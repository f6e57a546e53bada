"""Timings that decide how things are done; run by hand, on a machine with nothing else to do."""
