"""The JSON API: what programs ask for and are told."""
