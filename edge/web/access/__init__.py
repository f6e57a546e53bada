"""Who may see what the web server shows, and from where."""
