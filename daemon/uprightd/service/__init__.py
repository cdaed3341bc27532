"""The daemon: the loop, its control, its jobs, its installation."""
