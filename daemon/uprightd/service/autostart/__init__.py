"""Starting uprightd by itself at login: launchd on macOS, systemd on Linux."""
