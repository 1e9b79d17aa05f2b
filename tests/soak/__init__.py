"""Random faults by the thousand, each from a seed: what must never happen under any mixture of them."""
