"""Cross-validation: methods trained and measured again, on parts of the rows in turn."""
