"""How fast a method answers, and what that takes: seconds, memory, energy."""
