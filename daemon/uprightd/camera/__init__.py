"""Getting frames: a child process that owns the device, and its supervisor."""
