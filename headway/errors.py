"""What the command line tells its user."""


class UserError(Exception):
    """One sentence: what is wrong and what to do. Shown without a traceback; the exit status is 1."""
