"""The checksum that the vendor puts into its commands and states.

CRC-32 with the polynomial 0x04C11DB7, all ones at the start, no final inversion, over 32-bit words of which the most
significant bit comes first: the "CRC-32/MPEG-2" of the words in big-endian order. zlib knows the same polynomial with
the bits of every byte, and of the result, the other way round, and with a final inversion. Turning the bits before and
after makes one out of the other, and costs microseconds instead of a millisecond.
"""

import sys
import zlib

import numpy as np

_TURNED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def crc32_words(data: bytes) -> int:
    """Return the checksum of little-endian 32-bit words.

    Args:
        data: Their bytes; the length is a multiple of four.
    """
    words = np.frombuffer(data, "<u4").astype(">u4").tobytes()
    turned = zlib.crc32(words.translate(_TURNED)) ^ 0xFFFFFFFF
    return int(f"{turned:032b}"[::-1], 2)


if sys.byteorder != "little":  # pragma: no cover
    raise ImportError("the vendor's messages are read and written on little-endian machines only")
