"""How the store follows its load: simulated on the scaling that a stack declares, and reckoned for growth."""
