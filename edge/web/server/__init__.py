"""Waitress: connections, TLS, and what nobody can hold for nothing."""
