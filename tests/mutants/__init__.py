"""Breaks each rule that matters, one at a time, and names the test that catches it."""
