"""Values in, values out: no file, clock, socket, database or log."""
