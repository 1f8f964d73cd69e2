"""Blind evaluation by people: tasks written for raters, and read back as figures."""
