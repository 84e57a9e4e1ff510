"""Large read-only data that the operating system may page out, instead of memory that it may not."""

import logging
import mmap
import tempfile

_log = logging.getLogger(__name__)


def mapped(data: bytes) -> bytes | mmap.mmap:
    """The same bytes in a file of no name, mapped into the memory: only what is read of them is resident.

    Our own copy, not the bucket's file: what was checked against its hash cannot change afterwards. Where no temporary
    file can be written, the bytes themselves.
    """
    try:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        _log.info("memory.not_mapped %s", error)
        return data
