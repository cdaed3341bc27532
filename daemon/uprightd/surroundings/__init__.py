"""What goes on around the person: screen, calls, presentations, do-not-disturb, battery. Asked without root."""
