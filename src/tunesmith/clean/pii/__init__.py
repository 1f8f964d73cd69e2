"""Personal data: detectors, masking by offset, pseudonyms, and the leak scan."""
