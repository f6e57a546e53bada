"""The unit on a real systemd: a Debian of its own is booted, and edge-fer lives a hard minute there."""
