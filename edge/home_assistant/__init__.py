"""Home Assistant: cameras that announce themselves, and take that back."""

from edge.home_assistant.discovery import Discovery

__all__ = ["Discovery"]
