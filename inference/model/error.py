"""What is raised when the model cannot be made ready."""


class ModelError(Exception):
    """The model could not be fetched or converted; the text is for the user and says what to do."""
