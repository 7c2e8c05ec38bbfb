"""The exceptions a caller may catch.

RarftError
├── UserError            one line, exit code 2: what was got, what is expected, what to do
│   ├── AnnotationError  a file, record and field that cannot be read
│   ├── NotFoundError    an unknown task, model or file, with the nearest name
│   ├── BusyError        another run holds the output directory
│   └── WorkerError      one of several workers cannot go on; the others may
├── VideoError           one video cannot be used: a recorded row, and the run goes on
└── ReplyError           one request failed in the model: a recorded row, and the run goes on
"""


class RarftError(Exception):
    """Base of every error this package raises on purpose."""


class UserError(RarftError):
    """Input the user can mend; printed as one line without a traceback."""


class AnnotationError(UserError):
    """An annotation file is malformed, or is not the file it claims to be."""


class NotFoundError(UserError):
    """A name or path the user gave does not exist."""


class BusyError(UserError):
    """Another run is using the output directory."""


class WorkerError(UserError):
    """One of several workers cannot go on, though what it was asked is right."""


class VideoError(RarftError):
    """A video is missing, empty or cannot be decoded."""


class ReplyError(RarftError):
    """A model could not answer one request."""
