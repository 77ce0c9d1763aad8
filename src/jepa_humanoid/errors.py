"""One base for every error that this package raises on purpose."""


class HumanoidError(Exception):
    """Something that its reader can mend: the message says what is wrong and what to do next."""
