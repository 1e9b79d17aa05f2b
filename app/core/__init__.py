"""Values and rules: no I/O, no threads, no Qt, no boto, no curl."""
