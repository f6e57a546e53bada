"""What people see: the page, the annotated stream, health and metrics."""
