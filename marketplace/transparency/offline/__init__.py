"""Programs to take away. They import nothing of this project, so that nobody has to trust it to check it."""
