"""``make loop``: the whole loop on one machine, narrated on the terminal."""
