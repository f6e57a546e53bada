"""What a camera shows: the newest picture, drawn and encoded for those who watch."""
