"""Pictures and figures made on demand."""
