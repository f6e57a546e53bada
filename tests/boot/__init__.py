"""The unit on a real systemd: a Debian is booted, and edge-fer lives some hard minutes there."""
