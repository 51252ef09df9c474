"""See `common.picture`."""

from common.picture import MAX_BYTES, MAX_SCANS, BadPicture, Size, decode, measure

__all__ = ["MAX_BYTES", "MAX_SCANS", "BadPicture", "Size", "decode", "measure"]
