"""Fakes: values that look like what they replace, keyed by the secret, known again by the key.

```
make.py       a kind and a value to its fake, or none where a fake could not be known again
verify.py     whether a value is a fake: of this secret's making, or of a range that is nobody's
people.py     words of names, from two keyed lists; organisations, places, e-mail addresses
phones.py     ranges kept for fiction, else numbers that libphonenumber knows to be none
network.py    documentation ranges, locally administered hardware addresses
dates.py      dates of birth, moved by some days
streets.py    addresses of the same shape
seal.py       digits and letters whose last few only the key's holder can tell
```

A fake must be told from personal data, or the leak scan would have to overlook both. Each is
either in a range that can be nobody's, or it carries a check that only the key's holder can make.
"""
