"""When database or disk cannot be written: which fault it was, as an error that tells a person what to do."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from guanjia.errors import DiskFull, Unavailable

NOT_WRITTEN = (OperationalError, InternalError)  # what drivers raise for a database that cannot be written to
_FULL_SQLSTATE = "53100"
_READ_ONLY_SQLSTATE = "25006"
_FULL_ERRNO = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)  # the second: no room for the index of the log


def unavailable(fault: BaseException) -> Unavailable | None:
    """The error to tell; None where the fault is none of disk or database, but of the program."""
    if isinstance(fault, OSError):
        if fault.errno in _FULL_ERRNO:
            return DiskFull()
        return Unavailable() if fault.errno in (errno.EROFS, errno.EIO) else None
    if not isinstance(fault, DBAPIError):
        return None
    driver = fault.orig
    state = getattr(driver, "sqlstate", None)
    if state == _FULL_SQLSTATE or getattr(driver, "sqlite_errorcode", None) in _NO_ROOM:
        return DiskFull()
    if isinstance(fault, OperationalError) or state == _READ_ONLY_SQLSTATE:
        return Unavailable()
    return None
