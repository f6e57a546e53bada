"""Errors that a user can mend: one line that says what, where and what to do."""


class EdgeFerError(Exception):
    """Something outside the program is wrong: a file, a camera, a model, a data set.

    The message is shown to the user as it stands, without a traceback.
    """

    exit_code = 1


class ConfigError(EdgeFerError):
    """The configuration or what it names (a clip, a device, a model) does not exist or fit.

    Parameters
    ----------
    message, others
        What is wrong, a line each.
    """

    exit_code = 2

    def __init__(self, message: str, *others: str) -> None:
        super().__init__(message)
        self.others = others
