"""Choosing a method from measured quality and money."""
