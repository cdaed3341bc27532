"""Other ways to be told than the desktop notification: a sound, a command, ActivityWatch, MQTT."""
