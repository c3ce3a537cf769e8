"""Sources: connections that the application opens itself and that messages come in through."""
