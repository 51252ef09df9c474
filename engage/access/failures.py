"""Why an account, an invitation or a sign-in is refused."""


class RefusedError(Exception):
    """The text says what to do; `status` is the one of HTTP."""

    status = 409
    title = "Not possible"


class SignInRefusedError(RefusedError):
    """`account` is the one it was about, where there is such a one."""

    status = 401
    title = "Not signed in"

    def __init__(self, text: str, account: str) -> None:
        super().__init__(text)
        self.account = account


class TooManyTriesError(RefusedError):
    status = 429
    title = "Too many tries"

    def __init__(self, wait: float) -> None:
        self.wait = max(1, round(wait + 0.5))
        super().__init__(
            f"Wait {self.wait} s before the next try, or use a browser you signed in with before."
        )


class NotAnyMoreError(RefusedError):
    status = 401
    title = "Not signed in"


class BusyError(RefusedError):
    status = 503
    title = "Too much at once"


class GoneError(RefusedError):
    status = 410
    title = "This link does not work any more"


class UnknownError(RefusedError):
    """There is no `what`; those there are, are listed under `path`."""

    status = 404
    title = "Unknown"

    def __init__(self, what: str, path: str) -> None:
        super().__init__(f"There is no {what}; {path} lists those there are.")
        self.what = what
        self.path = path
