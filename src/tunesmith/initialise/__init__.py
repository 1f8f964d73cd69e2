"""`init`: what a file or folder seems to hold, and a recipe for it."""

from tunesmith.initialise.propose import Proposal, propose

__all__ = ["Proposal", "propose"]
