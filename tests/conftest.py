"""What all tests share: no deadline for drawn examples, since a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("zoo", deadline=None)
settings.load_profile("zoo")
