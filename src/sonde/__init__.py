"""sonde."""
